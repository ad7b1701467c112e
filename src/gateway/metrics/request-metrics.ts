import { Counter } from '../../metrics/counter.ts';
import { Histogram } from '../../metrics/histogram.ts';
import type { Metric } from '../../metrics/metric.ts';
import { isForUpstream } from '../edge/target.ts';
import { GATEWAY_PROBLEMS, type GatewayReason } from '../problems/table.ts';
import type { RequestObserver } from '../request-context.ts';

/** What a request is for: the upstream, or one of the gateway's own groups of routes. `other` is also what matches none. */
const ROUTES = ['upstream', 'auth', 'oauth', 'admin', 'other'] as const;
type Route = (typeof ROUTES)[number];

const STAGES = ['signature', 'whitelist', 'upstream'] as const;
const CLASSES = ['1xx', '2xx', '3xx', '4xx', '5xx', 'none'] as const;

/** What a gateway has decided, and how long that took. */
export class RequestMetrics {
  readonly #granted = new Counter(
    'portcullis_requests_granted_total',
    'Requests that were granted. One that is refused afterwards, for example because the upstream is down, counts for both.',
    { route: ROUTES },
  );
  readonly #refused = new Counter(
    'portcullis_requests_refused_total',
    'Requests that were refused, by the reason that the log has too. `login_wrong` are failed logins.',
    { reason: Object.keys(GATEWAY_PROBLEMS), route: ROUTES },
  );
  readonly #responses = new Counter(
    'portcullis_responses_total',
    'Responses by class of their status; `none` if the client left first.',
    { class: CLASSES, route: ROUTES },
  );
  readonly #stages = new Histogram(
    'portcullis_stage_duration_seconds',
    'Time of a stage: the check of the signature, the round trip to Redis, and the upstream until the head of its response.',
    { label: 'stage', values: STAGES },
  );
  readonly #requests = new Histogram(
    'portcullis_request_duration_seconds',
    'Time from the head of a request until its response has been sent, without event streams.',
    { label: 'route', values: ROUTES },
  );
  readonly #upstream = new Histogram(
    'portcullis_upstream_duration_seconds',
    'Time from sending a request to the upstream until its whole response has been passed on, without event streams.',
  );
  readonly all: readonly Metric[] = [
    this.#granted,
    this.#refused,
    this.#responses,
    this.#requests,
    this.#stages,
    this.#upstream,
  ];

  /** Counts the refusal of what never became a request. */
  countMalformed(reason: GatewayReason): void {
    this.#refused.add(reason, 'other');
  }

  /** Counts a request that has ended. */
  readonly observe: RequestObserver = ({ outgoing, path, record }) => {
    const nowMs = performance.now();
    const route = routeOf(path);
    if (record.isGranted) this.#granted.add(route);
    if (record.reason !== undefined) this.#refused.add(record.reason, route);
    this.#responses.add(
      outgoing.headersSent ? CLASSES[Math.floor(outgoing.statusCode / 100) - 1] : 'none',
      route,
    );
    for (const { stage, startMs, endMs } of record.stages) {
      if (endMs !== undefined) this.#stages.of[stage].observe((endMs - startMs) / 1000);
      if (stage === 'upstream' && !record.isStream) this.#upstream.of[''].observe((nowMs - startMs) / 1000);
    }
    if (!record.isStream) this.#requests.of[route].observe((nowMs - record.startMs) / 1000);
  };
}

function routeOf(path: string): Route {
  if (isForUpstream(path)) return 'upstream';
  const end = path.indexOf('/', 1);
  const first = end < 0 ? '' : path.slice(1, end);
  return first === 'auth' || first === 'oauth' || first === 'admin' ? first : 'other';
}
