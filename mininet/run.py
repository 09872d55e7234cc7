"""Builds the network that `umbra mininet` describes, and hands over Mininet's prompt when told to.

Orders come as lines on descriptor 3: the plan as JSON, then `prompt`; when they end, so does the
network. Answers go as lines of JSON to descriptor 4: the hosts' processes, or an error.
"""

import json
import os
import signal
import sys
import threading

from mininet.cli import CLI
from mininet.log import error, setLogLevel
from mininet.net import Mininet

from umbra import switches

INTERFACE_CHARACTERS = 15


def interface_names(plan):
    """The interfaces that the switches will have in the root namespace."""
    hosts = {host['name'] for host in plan['hosts']}
    ends = [end for link in plan['links'] for end in (link['a'], link['b'])]
    return ['%s-eth%d' % (e['node'], e['port']) for e in ends if e['node'] not in hosts]


def check_names(plan):
    """Mininet deletes an interface that has a wanted name: here that is an error instead."""
    for name in interface_names(plan):
        if len(name) > INTERFACE_CHARACTERS:
            raise RuntimeError('interface name %s has more than %d characters'
                               % (name, INTERFACE_CHARACTERS))
        if os.path.exists('/sys/class/net/' + name):
            raise RuntimeError('interface %s exists already' % name)


def populate(net, plan):
    """Hosts, switches and links of a plan, not yet started."""
    for host in plan['hosts']:
        net.addHost(host['name'], ip=host['address'], mac=host['mac'],
                    defaultRoute='via ' + host['gateway'])
    for switch in plan['switches']:
        net.addSwitch(**switch)
    for link in plan['links']:
        net.addLink(link['a']['node'], link['b']['node'],
                    port1=link['a']['port'], port2=link['b']['port'])


def quieten_hosts(net):
    """IPv6's neighbour discovery would only be noise in the mirror."""
    for host in net.hosts:
        host.cmd('sysctl -qw net.ipv6.conf.all.disable_ipv6=1')


def end_with(orders):
    """When Umbra is gone, so is the prompt."""
    def watch():
        orders.read()
        os.kill(os.getpid(), signal.SIGTERM)
    threading.Thread(target=watch, daemon=True).start()


def serve(orders, answers):
    """Builds what the first order says, answers, and does as told until the orders end."""
    plan = json.loads(orders.readline())
    check_names(plan)
    net = Mininet(controller=None, switch=switches[plan['switch']])
    try:
        populate(net, plan)
        net.start()
        quieten_hosts(net)
        ready = {'hosts': {host.name: host.pid for host in net.hosts}}
        answers.write(json.dumps(ready) + '\n')
        answers.flush()
        if orders.readline().strip() == 'prompt':
            end_with(orders)
            CLI(net)
    finally:
        net.stop()


def main():
    """One network, from its plan to its end."""
    setLogLevel('output')
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with os.fdopen(3) as orders, os.fdopen(4, 'w') as answers:
        try:
            serve(orders, answers)
        except RuntimeError as problem:
            answers.write(json.dumps({'error': str(problem)}) + '\n')
            error('%s\n' % problem)
            sys.exit(1)


if __name__ == '__main__':
    main()
