"""``python -m swfsim``"""

from swfsim.cli import main

if __name__ == "__main__":
    main()
