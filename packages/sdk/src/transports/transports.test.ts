import { transportSuite } from '../../../testkit/src/transport-suite.js';
import { fetchTransport } from './fetch.js';
import { grpcTransport } from './grpc.js';
import { nodeHttpTransport } from './node-http.js';

transportSuite({ name: 'fetchTransport', protocol: 'http1', create: fetchTransport });
transportSuite({ name: 'nodeHttpTransport over HTTP/1.1', protocol: 'http1', create: nodeHttpTransport });
transportSuite({
  name: 'nodeHttpTransport over HTTP/2',
  protocol: 'http2',
  create: (settings) => nodeHttpTransport({ ...settings, http2: true }),
});
transportSuite({ name: 'grpcTransport', protocol: 'grpc', create: grpcTransport });
