"""DataFrame to DataFrame. With `warehouse.spark_*` the only home of Spark."""
