/** The stages whose time is measured. `upstream` ends with the head of the response, so that streams count alike. */
export type Stage = 'signature' | 'whitelist' | 'upstream';

/** One run of a stage, by `performance.now()`. A stage runs again when a request is judged or sent again. */
export interface StageRun {
  readonly stage: Stage;
  readonly startMs: number;
  /** Undefined if the stage was not completed: then it lasted until the request ended. */
  endMs: number | undefined;
}

/**
 * What is known of a request when it ends, with one set of times for logs, metrics and traces alike. It holds nothing
 * that identifies a user.
 */
export class RequestRecord {
  readonly startMs = performance.now();
  readonly stages: StageRun[] = [];
  /** Whether the request was granted. It can still have been refused later, for example by the upstream. */
  isGranted = false;
  /** The reason of the last refusal. */
  reason: string | undefined;
  /** The pattern that the path matches, such as `/bank/accounts/*`. It holds no id. */
  route: string | undefined;
  /** The status of the upstream's response. */
  upstreamStatus: number | undefined;
  /** Whether the response is an event stream, whose duration says nothing about the service. */
  isStream = false;
  /** The bytes of the upstream's response body that were passed on. */
  upstreamBytes = 0;

  begin(stage: Stage): StageRun {
    const run: StageRun = { stage, startMs: performance.now(), endMs: undefined };
    this.stages.push(run);
    return run;
  }

  end(run: StageRun): void {
    run.endMs ??= performance.now();
  }
}
