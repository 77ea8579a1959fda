#!/bin/bash
# A caller that found the char device in use is woken when it is free, though nothing was moved; and nothing is lost by a buffer that is not there
# kernels: stock
# timeout: 60

. "${DEVRESET_TOP:-.}/tests/lib.sh"
. "$DEVRESET_TOP/tests/lib-usb.sh"

hosts 1
load
numbers n
plug n
wait_for 30 bound n
d=$(usb_of n)
one=$d:1.0
c=$(chardev "$one")

# A page that userfaultfd does not give holds the first caller inside its call, until it is
# unmapped: EFAULT, then. A second one gets EAGAIN meanwhile and waits for an edge, and
# only the end of the first call wakes it. The device sends few and large transfers
tell n size 16384
python3 -IS - "$c" "$usb/$one/bytes_in" >/run/turned 2>&1 <<'END' || fail "$(cat /run/turned)"
import ctypes, errno, fcntl, os, select, struct, sys, threading, time
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
SYS_userfaultfd, UFFDIO_API, UFFDIO_REGISTER, UFFDIO_WAKE = 323, 0xc018aa3f, 0xc020aa00, 0x8010aa02
PAGE, LIMIT = 4096, 20 * int(os.environ["DEVRESET_SCALE"])
path, bytes_in = sys.argv[1:]

class Missing:
    """A page without contents: an access waits."""

    def __init__(self):
        self.fd = libc.syscall(SYS_userfaultfd, os.O_CLOEXEC)
        assert self.fd >= 0, os.strerror(ctypes.get_errno())
        fcntl.ioctl(self.fd, UFFDIO_API, struct.pack("<QQQ", 0xaa, 0, 0))
        self.at = libc.mmap(None, PAGE, 3, 0x22, -1, 0)
        fcntl.ioctl(self.fd, UFFDIO_REGISTER, struct.pack("<QQQQ", self.at, PAGE, 1, 0))

    def wait(self):
        """There was an access."""
        assert select.select([self.fd], [], [], LIMIT)[0], "nobody looks into the buffer"
        assert len(os.read(self.fd, 32)) == 32

    def remove(self):
        """Remove the page: the access fails."""
        assert libc.munmap(ctypes.c_void_p(self.at), PAGE) == 0
        fcntl.ioctl(self.fd, UFFDIO_WAKE, struct.pack("<QQ", self.at, PAGE))
        os.close(self.fd)

def turned_away(call, slow, fast, mask, attempt):
    """CALL has it, and ATTEMPT is EAGAIN until it has not."""
    page, result = Missing(), []
    epoll = select.epoll()
    epoll.register(fast, mask | select.EPOLLET)
    assert epoll.poll(0) == [(fast, mask)]
    def use():
        ret = call(slow, ctypes.c_void_p(page.at), ctypes.c_size_t(PAGE))
        result.append((ret, ctypes.get_errno()))
    thread = threading.Thread(target=use, daemon=True)
    thread.start()
    page.wait()
    try:
        attempt()
        raise AssertionError("not turned away")
    except BlockingIOError:
        pass
    assert epoll.poll(0) == [], "told while it is in use"
    page.remove()
    assert epoll.poll(LIMIT) == [(fast, mask)], "not told when it was free"
    thread.join(LIMIT)
    assert result == [(-1, errno.EFAULT)], result
    epoll.close()

slow, fast = os.open(path, os.O_RDWR), os.open(path, os.O_RDWR | os.O_NONBLOCK)
data = struct.pack("<1024I", *range(1024))
turned_away(libc.write, slow, fast, select.EPOLLOUT, lambda: os.write(fast, data))
assert os.write(slow, data) == PAGE
print("write")

# All is received that there is room for, 64 URBs of 16 KiB: nothing more comes
assert select.select([fast], [], [], LIMIT)[0]
end = time.monotonic() + LIMIT
while int(open(bytes_in).read()) != 64 * 16384:
    assert time.monotonic() < end, open(bytes_in).read()
    time.sleep(0.01)
turned_away(libc.read, slow, fast, select.EPOLLIN, lambda: os.read(fast, PAGE))
got = os.read(fast, PAGE)
assert got == struct.pack(f"<{len(got) // 4}I", *range(len(got) // 4)), "not what was to be read"
print("read")
END
counts n received 4096
expect 0 count n wrong
ok "a caller that got EAGAIN is woken when it is free; and nothing was written, nor lost"
unload
