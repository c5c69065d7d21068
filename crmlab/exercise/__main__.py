"""`python -m crmlab.exercise start 06` makes a copy of one's own."""

import sys

from crmlab.exercise import ExerciseError, copies, start

if __name__ == "__main__":
    try:
        if len(sys.argv) != 3 or sys.argv[1] != "start":
            sys.exit("python -m crmlab.exercise start 06")
        copies.send_to(start(sys.argv[2]))
    except ExerciseError as error:
        sys.exit(str(error))
