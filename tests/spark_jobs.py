"""Run commands of klaster one after another in one process, since Spark is slow to start.

Usage: python spark_jobs.py FOLDER; its ``jobs.json`` has the arguments of each command by name,
and what a command wrote and how it ended is kept beside it as ``NAME.json``.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

SETTINGS = {
    # On graphs this small nothing is gained by compiling, and half of the time is lost.
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.adaptive.enabled": "false",
    "spark.driver.memory": "1g",
}


def java() -> int:
    """The version of Java, 0 where there is none."""
    home = os.environ.get("JAVA_HOME")
    program = f"{home}/bin/java" if home else shutil.which("java")
    if not program or not Path(program).exists():
        return 0
    told = subprocess.run([program, "-version"], capture_output=True, text=True, check=False).stderr
    number = told.partition('"')[2].partition(".")[0]
    return int(number) if number.isdigit() else 0


def run_jobs(folder: Path, jobs: dict[str, list[str]]) -> None:
    """Run commands in one process, with settings that suit small graphs."""
    settings = "\n".join(f"{name} {value}" for name, value in SETTINGS.items())
    (folder / "spark-defaults.conf").write_text(settings, encoding="utf-8")
    (folder / "jobs.json").write_text(json.dumps(jobs), encoding="utf-8")
    environment = {**os.environ, "SPARK_CONF_DIR": str(folder), "COLUMNS": "100"}
    done = subprocess.run(
        [sys.executable, __file__, str(folder)],
        capture_output=True,
        text=True,
        cwd=folder,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]


def main(folder: Path) -> None:
    """Run the jobs of a folder."""
    from click.testing import CliRunner

    from klaster.cli import main as klaster

    for name, arguments in json.loads((folder / "jobs.json").read_text("utf-8")).items():
        begun = time.perf_counter()
        done = CliRunner().invoke(klaster, arguments)
        told = {"code": done.exit_code, "out": done.stdout, "err": done.stderr}
        if done.exception and not isinstance(done.exception, SystemExit):
            told["bug"] = repr(done.exception)
        told["seconds"] = round(time.perf_counter() - begun, 1)
        (folder / f"{name}.json").write_text(json.dumps(told), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
