"""DataFrame -> DataFrame, one module a step. The only home of pyspark."""
