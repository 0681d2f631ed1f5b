"""Files on whatever file system an address names, as Spark's own process sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from klaster.ontology.faults import Fault

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


class NewFolder:
    """A new folder, which is gone again if the block ends with an error."""

    def __init__(self, spark: SparkSession, place: str) -> None:
        self._spark, self._place = spark, place

    def __enter__(self) -> str:
        """Return its address.

        Raises
        ------
        Fault
            If something is there already.
        """
        if exists(self._spark, self._place):
            raise Fault("fault.exists", path=self._place)
        return self._place

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Remove it if the block ended with an error."""
        if kind is not None:
            remove(self._spark, self._place)


def exists(spark: SparkSession, place: str) -> bool:
    """Tell whether there is anything at an address."""
    files, path = _file_system(spark, place)
    return bool(files.exists(path))


def remove(spark: SparkSession, place: str) -> None:
    """Remove what is at an address, if anything is."""
    files, path = _file_system(spark, place)
    files.delete(path, True)


def read_text(spark: SparkSession, place: str) -> str:
    """Return the text of a file."""
    rows = spark.read.text(place, wholetext=True).collect()
    return str(rows[0][0]) if rows else ""


def write_text(spark: SparkSession, place: str, text: str) -> None:
    """Write a text into a new file."""
    files, path = _file_system(spark, place)
    stream = files.create(path)
    stream.write(text.encode())
    stream.close()


def _file_system(spark: SparkSession, place: str) -> tuple[Any, Any]:
    """Return the file system of an address, and the path in it."""
    context: Any = spark.sparkContext
    path = context._jvm.org.apache.hadoop.fs.Path(place)
    return path.getFileSystem(context._jsc.hadoopConfiguration()), path
