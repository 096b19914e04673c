import { collectGarbage } from '../../../testkit/src/collect-garbage.js';
import { contractTests } from '../../../testkit/src/contract-tests.js';
import { receiversHere } from '../../../testkit/src/receivers-here.js';
import { type TransportHarness, transportSuite } from '../../../testkit/src/transport-suite.js';
import { fetchTransport } from './fetch.js';
import { grpcTransport } from './grpc.js';
import { nodeHttpTransport } from './node-http.js';

const receivers = receiversHere();
const harness = (
  protocol: TransportHarness['protocol'],
  create: TransportHarness['create'],
): { readonly suite: typeof transportSuite; readonly harness: TransportHarness } => ({
  suite: transportSuite,
  harness: { receivers, protocol, create, collectGarbage },
});

contractTests('fetchTransport keeps the contract of a transport', harness('http1', fetchTransport));
contractTests('nodeHttpTransport over HTTP/1.1 keeps the contract of a transport', harness('http1', nodeHttpTransport));
contractTests(
  'nodeHttpTransport over HTTP/2 keeps the contract of a transport',
  harness('http2', (settings) => nodeHttpTransport({ ...settings, http2: true })),
);
contractTests('grpcTransport keeps the contract of a transport', harness('grpc', grpcTransport));
