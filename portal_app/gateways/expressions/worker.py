"""The process that evaluates expressions: `python -m portal_app.gateways.expressions.worker FD`.

It reads requests, one JSON a line, from the socket FD and answers each job with a line: {"found": […]} or
{"failed": "KeyError"}. An expression that works for more than a second, or takes more memory than there is, ends
the process, also where no Python code runs any more (a pattern that backtracks).
"""

import os
import resource
import signal
import socket
import sys
from typing import Any

from portal_app.domain.forms.values import parse_json, write_json
from portal_app.gateways.expressions.evaluator import CompiledForm, evaluate
from portal_app.gateways.expressions.functions import set_moment

MOST_BYTES = 256 << 20
MOST_SECONDS = 1.0  # at work, for one expression
OUT_OF_MEMORY = 3  # exit status


def main(descriptor: int) -> None:
    """Answers requests until the socket is closed."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    forms: dict[str, CompiledForm] = {}
    with socket.socket(fileno=descriptor) as line, line.makefile("rwb") as stream:
        for asked in stream:
            request = parse_json(asked)
            if "texts" in request:
                forms[request["form"]] = CompiledForm(
                    request["texts"], request["link_ids"], request["source"]
                )
            set_moment(request["now"])
            done: dict[str, list[Any]] = {}
            for job in request["jobs"]:
                stream.write(
                    write_json(_answer(forms[request["form"]], job, done, request["patient"])).encode()
                    + b"\n"
                )
                stream.flush()


def _answer(
    form: CompiledForm, job: dict[str, Any], done: dict[str, list[Any]], patient: Any
) -> dict[str, Any]:
    later = {name: done.get(key, []) for name, key in job["later"].items()}
    signal.setitimer(signal.ITIMER_PROF, MOST_SECONDS)  # its signal ends the process
    try:
        found = evaluate(form, job["expression"], job["items"], {**job["variables"], **later}, patient)
        done[job["key"]] = found
        return {"found": found}
    except MemoryError:
        os._exit(OUT_OF_MEMORY)
    except Exception as error:  # an expression that raises has no value, whatever it raises
        return {"failed": type(error).__name__}
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


if __name__ == "__main__":
    main(int(sys.argv[1]))
