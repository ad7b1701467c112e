import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Histogram } from './histogram.ts';
import type { Metric } from './metric.ts';

/** How often the delay is sampled. The monitor reports the whole interval, so this is taken off. */
const RESOLUTION_MS = 10;
/** For how long one maximum is taken. */
const PERIOD_MS = 1000;

/**
 * How long the event loop kept timers waiting: the longest delay of each second, as an observation of a histogram. So
 * a delay between two scrapes is not missed, whoever scrapes, and the histograms of several processes can be added up.
 */
export class EventLoopDelay {
  readonly metric: Metric;
  readonly #monitor = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  readonly #timer: NodeJS.Timeout;

  constructor() {
    const histogram = new Histogram(
      'portcullis_event_loop_delay_seconds',
      'Longest delay of the event loop in each second.',
    );
    this.metric = histogram;
    this.#monitor.enable();
    this.#timer = setInterval(() => {
      histogram.of[''].observe(Math.max(0, this.#monitor.max / 1e9 - RESOLUTION_MS / 1000));
      this.#monitor.reset();
    }, PERIOD_MS);
    this.#timer.unref();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#monitor.disable();
  }
}
