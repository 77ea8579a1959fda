#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Print what is sent to a multicast group: tests/group.py GROUP PORT OWN_ADDRESS"""

import socket
import sys

group, port, own = sys.argv[1], int(sys.argv[2]), sys.argv[3]
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
    sock.bind((group, port))
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
                    socket.inet_aton(group) + socket.inet_aton(own))
    print("listening", flush=True)
    while True:
        print(sock.recv(2048).decode().strip(), flush=True)
