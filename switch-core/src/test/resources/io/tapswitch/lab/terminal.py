"""Plays a person at a terminal: runs a command in a pseudo-terminal, 97 columns by 31 lines, and does step by step what
it is told. What the command wrote is printed, then a line "exit CODE modes same|changed".

usage: terminal.py STEP... -- COMMAND...

  see TEXT        waits until TEXT comes, after what the last step saw
  type TEXT       types it; \\n, \\x03 and the like are what they are in Python
  size COLUMNSxLINES
  runs REGEX      waits until a process has a command line that matches as a whole
"""

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time

DEADLINE = time.monotonic() + 30


def set_size(fd, size):
    columns, lines = size.split("x")
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", int(lines), int(columns), 0, 0))


class Terminal:
    def __init__(self, command):
        self.seen = b""
        self.position = 0
        self.master, self.slave = pty.openpty()
        set_size(self.master, "97x31")
        # This process keeps the other end open too, so that the modes can be compared when the command has ended.
        self.modes = termios.tcgetattr(self.slave)
        self.process = subprocess.Popen(
            ["setsid", "--ctty"] + command, stdin=self.slave, stdout=self.slave, stderr=self.slave
        )

    def pump(self):
        readable, _, _ = select.select([self.master], [], [], 0.05)
        if readable:
            self.seen += os.read(self.master, 65536)
        if time.monotonic() > DEADLINE:
            self.process.kill()
            print(self.seen.decode(errors="replace"))
            sys.exit("too late")
        return bool(readable)

    def step(self, word, value):
        value = value.encode().decode("unicode_escape")
        if word == "see":
            while value.encode() not in self.seen[self.position :]:
                self.pump()
            self.position += self.seen[self.position :].find(value.encode()) + len(value)
        elif word == "type":
            os.write(self.master, value.encode())
        elif word == "size":
            set_size(self.master, value)
        elif word == "runs":
            while subprocess.run(["pgrep", "-fx", value], stdout=subprocess.DEVNULL).returncode:
                self.pump()
        else:
            sys.exit("no such step: " + word)

    def end(self):
        while self.process.poll() is None:
            self.pump()
        while self.pump():
            pass
        same = termios.tcgetattr(self.slave) == self.modes
        print(self.seen.decode(errors="replace"))
        print("exit", self.process.returncode, "modes", "same" if same else "changed")


border = sys.argv.index("--")
terminal = Terminal(sys.argv[border + 1 :])
for step in sys.argv[1:border]:
    terminal.step(*step.split(" ", 1))
terminal.end()
