import type { Outbox } from '../../mail/outbox.ts';
import { gauge, gaugeBy, type LabeledValues, ReadMetric } from '../../metrics/gauge.ts';
import type { Metric } from '../../metrics/metric.ts';
import type { PasswordQueue } from '../../users/logins/password-queue.ts';
import type { GatewayServer } from '../edge/listen.ts';
import type { HeldBodies } from '../proxy/held-bodies.ts';
import type { LiveResponses } from '../proxy/live-responses.ts';
import type { UpstreamProxy } from '../proxy/proxy.ts';
import { evidenceMetrics, type MeasuredEvidence } from './evidence-metrics.ts';

/** What the gauges of a gateway read. None of it is asked before a scrape. */
export interface MeasuredResources extends MeasuredEvidence {
  proxy: UpstreamProxy;
  liveResponses: LiveResponses;
  heldBodies: HeldBodies;
  passwordQueue: PasswordQueue;
  outbox: Outbox | undefined;
  server: GatewayServer;
}

/** The state of what a gateway has opened, as it is at a scrape. */
export const resourceMetrics = (of: MeasuredResources): Metric[] => [
  ...connectionMetrics(of),
  ...queueMetrics(of),
  ...evidenceMetrics(of),
];

const connectionMetrics = (of: MeasuredResources): Metric[] => [
  gauge(
    'portcullis_requests_in_progress',
    'Requests whose responses have not been sent completely, open event streams included.',
    () => of.server.progress.requests,
  ),
  gauge('portcullis_client_connections', 'Open connections of clients.', () => of.server.connections.open),
  new ReadMetric(
    'counter',
    {
      name: 'portcullis_client_connections_refused_total',
      help: 'Connections of clients that were closed because of a limit.',
    },
    () => of.server.connections.refusals,
  ),
  gaugeBy('pool', 'portcullis_upstream_connections', 'Open connections to the upstream.', () =>
    byPool(of, ({ open }) => open),
  ),
  gaugeBy(
    'pool',
    'portcullis_upstream_connections_idle',
    'Open connections to the upstream that carry no request.',
    () => byPool(of, ({ idle }) => idle),
  ),
  gaugeBy('pool', 'portcullis_upstream_waiting', 'Requests that wait for a connection to the upstream.', () =>
    byPool(of, ({ waiting }) => waiting),
  ),
  gaugeBy(
    'kind',
    'portcullis_live_responses',
    'Event streams, long downloads and long uploads that are open, and checked again while they are.',
    () => of.liveResponses.counts,
  ),
  gauge(
    'portcullis_held_body_bytes',
    'Memory reserved for held request bodies, in bytes.',
    () => of.heldBodies.bytes,
  ),
];

const byPool = (
  { proxy: { requests, streams } }: MeasuredResources,
  read: (usage: UpstreamProxy['requests']['usage']) => number,
): LabeledValues => ({ requests: read(requests.usage), streams: read(streams.usage) });

const queueMetrics = (of: MeasuredResources): Metric[] => [
  gauge(
    'portcullis_password_queue_waiting',
    'Logins and the like that wait for a password thread.',
    () => of.passwordQueue.usage.waiting,
  ),
  gauge(
    'portcullis_password_queue_running',
    'Logins and the like that have a password thread, or get one next.',
    () => of.passwordQueue.usage.running,
  ),
  gauge(
    'portcullis_mail_queue_waiting',
    'Emails that wait to be sent; absent if no email is sent.',
    () => of.outbox?.waiting,
  ),
  new ReadMetric(
    'counter',
    { name: 'portcullis_mails_total', help: 'Emails of the queue by what became of them.', label: 'outcome' },
    () => of.outbox?.outcomes,
  ),
];
