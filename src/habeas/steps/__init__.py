"""Use cases: one verb a module, over small interfaces. The same word names the job, the task and the Spark module."""
