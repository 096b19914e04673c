import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import mqtt, { type IConnackPacket, type IPublishPacket, type ISubackPacket, type Packet } from 'mqtt-packet';
import type { MqttAddress } from './mqtt-address.js';

export interface MqttConnectionOptions {
  readonly address: MqttAddress;
  /** Authorities to trust instead of those that Node knows (PEM). */
  readonly ca?: Buffer | undefined;
  /** The broker keeps for it what arrives while it is away: the same after every start. */
  readonly clientId: string;
  readonly sessionExpirySeconds: number;
  /** Filters, subscribed with QoS 1; what is retained is not asked for. */
  readonly filters: readonly string[];
  /** Messages that may be unacknowledged. */
  readonly receiveMaximum: number;
  readonly maxMessageBytes: number;
  readonly keepAliveSeconds: number;
  /** Connected and subscribed. */
  readonly onReady: () => void;
  /** A message. What the promise resolves with is its reason code; acknowledgements leave in the order of the messages. */
  readonly onMessage: (message: MqttMessage) => Promise<number>;
  /** Once, when the connection is over or never came about. */
  readonly onEnd: (reason: string) => void;
}

export interface MqttMessage {
  readonly topic: string;
  readonly payload: Buffer;
  readonly userProperties: Readonly<Record<string, string | readonly string[]>>;
}

export interface MqttConnection {
  /** Reads nothing more until `resume`: the broker waits, and what is not read takes no memory here. */
  pause(): void;
  resume(): void;
  /** Takes no more messages, waits for those under way at most `limitMs`, and says goodbye. The session stays. */
  end(limitMs: number): Promise<void>;
}

/** Time for the broker to answer a connection. */
const CONNECT_MS = 20_000;
const VERSION = { protocolVersion: 5 } as const;

/**
 * One connection of a subscriber to a broker, MQTT 5 (OASIS standard, 7 March 2019). It never throws and connects once: whoever opened it decides
 * what follows its end. Packets are read and written by `mqtt-packet`; acknowledging is done here because the batch must be durable before, and
 * because many are made durable together.
 */
export function openMqttConnection(options: MqttConnectionOptions): MqttConnection {
  const { address, ca, filters, keepAliveSeconds, onReady, onMessage, onEnd } = options;
  const { host, port } = address;
  const socket: Socket = address.tls
    ? connectTls({ host, port, ca, ...(isIP(host) === 0 ? { servername: host } : {}) })
    : connectTcp({ host, port });
  const parser = mqtt.parser(VERSION);
  /** In the order of their messages. */
  const acknowledgements: { readonly messageId: number; reasonCode: number | undefined }[] = [];
  let underWay = 0;
  let isOver = false;
  let isEnding = false;
  let wasHeard = true;
  let idle: (() => void) | undefined;
  let pings: NodeJS.Timeout | undefined;

  const send = (packet: Packet): void => {
    if (!isOver) socket.write(mqtt.generate(packet, VERSION));
  };
  const over = (reason: string): void => {
    if (isOver) return;
    isOver = true;
    clearTimeout(patience);
    clearInterval(pings);
    socket.destroy();
    idle?.();
    onEnd(reason);
  };
  const patience = setTimeout(() => over(`no answer within ${CONNECT_MS / 1000} s`), CONNECT_MS);

  function connected(packet: IConnackPacket): void {
    const code = packet.reasonCode ?? packet.returnCode ?? 0;
    if (code !== 0) {
      over(whyRefused(code, packet.properties?.reasonString));
      return;
    }
    const seconds = packet.properties?.serverKeepAlive ?? keepAliveSeconds;
    pings = setInterval(() => {
      // Nothing is heard while nothing is read.
      if (!wasHeard && !socket.isPaused()) over(`no answer to a ping within ${seconds} s`);
      wasHeard = false;
      send({ cmd: 'pingreq' });
    }, seconds * 1000);
    send({
      cmd: 'subscribe',
      messageId: 1,
      subscriptions: filters.map((topic) => ({ topic, qos: 1, nl: false, rap: false, rh: 2 })),
    });
  }

  function subscribed({ granted }: ISubackPacket): void {
    clearTimeout(patience);
    const refused = granted.findIndex((code) => Number(code) >= 0x80);
    if (refused < 0) onReady();
    else over(`it refuses the subscription to ${filters[refused]}: ${reasonOf(Number(granted[refused]))}`);
  }

  function received({ topic, payload, qos, messageId, properties }: IPublishPacket): void {
    // What is left unacknowledged comes again at the next connection.
    if (isEnding || isOver) return;
    const acknowledgement = { messageId: messageId ?? 0, reasonCode: undefined as number | undefined };
    if (qos > 0) acknowledgements.push(acknowledgement);
    underWay++;
    onMessage({ topic, payload: Buffer.from(payload), userProperties: { ...properties?.userProperties } }).then(
      (reasonCode) => {
        acknowledgement.reasonCode = reasonCode;
        acknowledge();
      },
      (error: unknown) => over(`a message could not be taken: ${error}`),
    );
  }

  function acknowledge(): void {
    underWay--;
    for (let next = acknowledgements[0]; next?.reasonCode !== undefined; next = acknowledgements[0]) {
      send({ cmd: 'puback', messageId: next.messageId, reasonCode: next.reasonCode });
      acknowledgements.shift();
    }
    if (underWay === 0) idle?.();
  }

  parser.on('packet', (packet: Packet) => {
    if (packet.cmd === 'connack') connected(packet);
    else if (packet.cmd === 'suback') subscribed(packet);
    else if (packet.cmd === 'publish') received(packet);
    else if (packet.cmd === 'disconnect') over(`it ended the connection: ${reasonOf(packet.reasonCode ?? 0)}`);
  });
  parser.on('error', (error: Error) => over(`it does not speak MQTT 5: ${error.message}`));
  socket.on('data', (chunk: Buffer) => {
    wasHeard = true;
    parser.parse(chunk);
  });
  socket.on('error', (error: NodeJS.ErrnoException) =>
    over(error.message === '' ? (error.code ?? 'no connection') : error.message),
  );
  socket.on('close', () => over('it closed the connection'));
  socket.once(address.tls ? 'secureConnect' : 'connect', () => {
    socket.setNoDelay(true);
    send({
      cmd: 'connect',
      protocolId: 'MQTT',
      protocolVersion: 5,
      clean: false,
      clientId: options.clientId,
      keepalive: keepAliveSeconds,
      ...(address.username === undefined ? {} : { username: address.username }),
      ...(address.password === undefined ? {} : { password: Buffer.from(address.password) }),
      properties: {
        sessionExpiryInterval: options.sessionExpirySeconds,
        receiveMaximum: options.receiveMaximum,
        maximumPacketSize: options.maxMessageBytes,
      },
    });
  });

  return {
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    async end(limitMs) {
      isEnding = true;
      if (underWay > 0 && !isOver) {
        await new Promise<void>((done) => {
          const timer = setTimeout(done, limitMs);
          idle = () => {
            clearTimeout(timer);
            done();
          };
        });
      }
      send({ cmd: 'disconnect', reasonCode: 0 });
      isOver = true;
      clearTimeout(patience);
      clearInterval(pings);
      await new Promise<void>((done) => {
        if (socket.destroyed || socket.connecting) {
          socket.destroy();
          done();
          return;
        }
        const timer = setTimeout(() => socket.destroy(), 500);
        socket.once('close', () => {
          clearTimeout(timer);
          done();
        });
        socket.end();
        socket.resume();
      });
    },
  };
}

/** The reasons of MQTT 5 (section 2.4) that a subscriber meets, in words. */
const REASONS: Readonly<Record<number, string>> = {
  128: 'unspecified error',
  129: 'malformed packet',
  130: 'protocol error',
  132: 'it does not speak MQTT 5',
  133: 'it does not take this client id',
  134: 'wrong user or password',
  135: 'not allowed',
  136: 'it is not available',
  137: 'it is busy',
  138: 'this client is banned',
  139: 'it is shutting down',
  141: 'it heard nothing for too long',
  142: 'another client has the same id',
  143: 'it does not take this topic filter',
  147: 'more messages than this client allows',
  149: 'a packet was too large',
  151: 'a quota is used up',
  158: 'it has no shared subscriptions',
  162: 'it has no wildcards in subscriptions',
};

const reasonOf = (code: number): string => REASONS[code] ?? `reason ${code}`;

/** Brokers of MQTT 3.1.1 answer in its codes, all below 6. */
const whyRefused = (code: number, text: string | undefined): string =>
  code === 1 ? reasonOf(0x84) : (text ?? (code < 6 ? reasonOf(code > 3 ? 0x86 : 0x88) : reasonOf(code)));
