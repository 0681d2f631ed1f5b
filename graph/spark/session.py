"""A Spark session: the one that spark-submit began, or one on this machine alone."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from klaster.ontology.faults import Fault

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_ALONE: Final[dict[str, bool | float | int | str | None]] = {
    # Nothing listens to other machines, and no page is served.
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}


def begin(master: str | None = None) -> SparkSession:
    """Return a session: under spark-submit its own, else one at ``master`` (``local[*]``).

    Raises
    ------
    Fault
        If pyspark or Java is not installed, or the session is a client of Spark Connect, whose
        process GraphX cannot be called in.
    """
    try:
        from pyspark.errors import PySparkRuntimeError
        from pyspark.sql import SparkSession
        from pyspark.sql.utils import is_remote
    except ImportError as reason:
        raise Fault("fault.no-pyspark") from reason
    if is_remote():
        raise Fault("fault.spark-connect")
    builder = SparkSession.builder.appName("klaster")
    submitted = "PYSPARK_GATEWAY_PORT" in os.environ
    if master or not submitted:
        chosen = master or "local[*]"
        builder = builder.master(chosen)
        if chosen.startswith("local"):
            os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
            builder = builder.config(map=_ALONE)
    try:
        session: SparkSession = builder.getOrCreate()
        session.sparkContext.setLogLevel("ERROR")
    except PySparkRuntimeError as reason:
        raise Fault("fault.no-spark", reason=reason.getCondition() or reason) from reason
    return session
