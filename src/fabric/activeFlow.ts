/** Flows with their ends found: what the applications of the hosts run. */
import { parseIpv4 } from '../base/address.js';
import { UmbraError } from '../base/errors.js';
import { backendsOf, type Host, type SwitchDevice, type TrafficFlow } from '../topology/index.js';
import { NO_CONTENT, requestHead, responseHead } from './http.js';

/** A flow with its ends resolved. */
export interface ActiveFlow {
  flow: TrafficFlow;
  client: number;
  server: number;
  serverIp: number;
  /** Where its connections may end: at the server, or behind a balancer that has its address. */
  ends: { host: number; port: number }[];
  requestHead: Uint8Array;
  responseHead: Uint8Array;
}

/** Finds the ends of flows among the hosts of a network. */
export class FlowResolver {
  readonly #hostIndex: ReadonlyMap<string, number>;

  constructor(
    private readonly hostList: readonly Host[],
    private readonly switches: readonly SwitchDevice[],
  ) {
    this.#hostIndex = new Map(hostList.map((host, i) => [host.name, i]));
  }

  /** Throws NOT_FOUND for an unknown host. */
  resolve(flow: TrafficFlow): ActiveFlow {
    const client = this.#host(flow.client, flow);
    const server = this.#host(flow.server, flow);
    const { ip, name } = this.hostList[server]!;
    const isHttp = flow.kind === 'http';
    return {
      flow,
      client,
      server,
      serverIp: parseIpv4(ip),
      ends: this.#ends(flow, server, ip),
      requestHead: isHttp ? requestHead(flow.name, name) : NO_CONTENT,
      responseHead: isHttp ? responseHead(200, flow.responseBytes) : NO_CONTENT,
    };
  }

  #ends(flow: TrafficFlow, server: number, address: string): ActiveFlow['ends'] {
    if (flow.kind !== 'http' && flow.kind !== 'bulk') return [];
    const { port } = flow;
    const behind = backendsOf(this.switches, { address, protocol: 'tcp', port });
    return [
      { host: server, port },
      ...behind.map((backend) => ({
        host: this.hostList.findIndex(({ ip }) => ip === backend.address),
        port: backend.port,
      })),
    ];
  }

  #host(name: string, flow: TrafficFlow): number {
    const index = this.#hostIndex.get(name);
    if (index === undefined) {
      throw new UmbraError('NOT_FOUND', `flow '${flow.name}': no host '${name}'`);
    }
    return index;
  }
}
