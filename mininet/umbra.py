"""Mininet switches that speak P4Runtime: Umbra's own, and BMv2's simple_switch_grpc.

    sudo mn --custom mininet/umbra.py --switch umbra,program=router.json --controller none

or, in a script, `Mininet(switch=UmbraSwitch, controller=None)`.

What each instance starts it ends; nothing else is touched. Links are Mininet's plain veth pairs:
failures belong to the shadow, so no queueing discipline is needed.
"""

import os
import socket
import subprocess
import sys
import tempfile
import time

from mininet.node import Switch

# `mn --custom` executes this file without naming it, so its code is asked where it is from.
HERE = os.path.dirname(os.path.abspath(sys._getframe().f_code.co_filename))
UMBRA = os.path.join(HERE, '..', 'bin', 'umbra.js')

FIRST_GRPC_PORT = 50050
CPU_PORT = 510
START_SECONDS = 20
STOP_SECONDS = 3


class P4RuntimeSwitch(Switch):
    """A switch process with one interface a port; subclasses say which.

    program: p4c's BMv2 JSON; without it, a controller sets the pipeline
    device_id: P4Runtime device id; the number in the name unless given
    grpc_port: where it listens on loopback; 50050 plus the device id unless given
    more_ports: of no Mininet link, `500@veth7`
    """

    def __init__(self, name, program=None, device_id=None, grpc_port=None, more_ports=(),
                 **options):
        Switch.__init__(self, name, **options)
        self.program = program
        self.device_id = int(device_id) if device_id else int(self.dpid, 16)
        self.grpc_port = int(grpc_port) if grpc_port else FIRST_GRPC_PORT + self.device_id
        self.more_ports = list(more_ports)
        self.process = None
        self.output = None

    def command(self):
        """The program and its first arguments."""
        raise NotImplementedError

    @property
    def address(self):
        """Where P4Runtime is served."""
        return '127.0.0.1:%d' % self.grpc_port

    def start(self, controllers):
        """Starts the process; it listens when this returns. Mininet's controllers are not used."""
        attached = list(self.more_ports)
        for port, intf in sorted(self.intfs.items()):
            if intf.name == 'lo':
                continue
            attached.append('%d@%s' % (port, intf.name))
            self.quieten(intf)
        words = self.command() + ['--device-id', str(self.device_id)]
        for port in attached:
            words += ['-i', port]
        words += [self.program] if self.program else ['--no-p4']
        words += ['--', '--grpc-server-addr', self.address, '--cpu-port', str(CPU_PORT)]
        self.output = tempfile.TemporaryFile()
        # A session of its own: Ctrl-C at the prompt is for the command that runs there.
        self.process = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=self.output, stderr=self.output,
            start_new_session=True)
        self.wait_until_listening()

    def wait_until_listening(self):
        """Raises RuntimeError with the process's last line when it does not listen in time."""
        deadline = time.time() + START_SECONDS
        while self.process.poll() is None and time.time() < deadline:
            try:
                socket.create_connection(('127.0.0.1', self.grpc_port), 1).close()
                return
            except OSError:
                time.sleep(0.05)
        self.output.seek(0)
        said = self.output.read().decode(errors='replace').strip().split('\n')[-1]
        self.end()
        raise RuntimeError('switch %s does not listen on %s: %s' % (self.name, self.address, said))

    def quieten(self, intf):
        """No checksum offload at either end, and no IPv6 of the kernel's on the switch's."""
        self.cmd('sysctl -qw net.ipv6.conf.%s.disable_ipv6=1' % intf.name)
        for end in (intf.link.intf1, intf.link.intf2) if intf.link else (intf,):
            end.node.cmd('ethtool -K %s tx off' % end.name)

    def end(self):
        """Ends the process."""
        if not self.process:
            return
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process = None
        self.output.close()

    def stop(self, deleteIntfs=True):
        """Ends the process and removes the switch's interfaces."""
        self.end()
        Switch.stop(self, deleteIntfs)


class UmbraSwitch(P4RuntimeSwitch):
    """`umbra switch`."""

    def command(self):
        return [os.environ.get('UMBRA_NODE', 'node'), UMBRA, 'switch']


class Bmv2Switch(P4RuntimeSwitch):
    """`simple_switch_grpc`. thrift_port: any free one unless given."""

    def __init__(self, name, thrift_port=0, **options):
        P4RuntimeSwitch.__init__(self, name, **options)
        self.thrift_port = int(thrift_port)

    def command(self):
        # Two switches of one id must not share a socket, so it is named by the port.
        notifications = 'ipc://@umbra-mininet-%d' % self.grpc_port
        return ['simple_switch_grpc', '--thrift-port', str(self.thrift_port),
                '--notifications-addr', notifications]


# What `mn --custom` looks for.
switches = {'umbra': UmbraSwitch, 'bmv2': Bmv2Switch}
