import type { FieldError, Problem } from '../../http/problem.ts';

/** The server said no (RFC 9457), or could not be asked at all. */
export class NotDone extends Error {
  override readonly name = 'NotDone';
  /** Stable, for programs. `unreachable` when there was no answer. */
  readonly code: string;
  /** 0 when there was no answer. */
  readonly status: number;
  readonly errors: readonly FieldError[];
  /** How long to wait before the next try, if the server said so. */
  readonly retryAfterSeconds: number | undefined;

  constructor(
    status: number,
    problem: Pick<Problem, 'code' | 'title' | 'errors'>,
    retryAfterSeconds?: number,
  ) {
    super(problem.title);
    this.status = status;
    this.code = problem.code;
    this.errors = problem.errors ?? [];
    this.retryAfterSeconds = retryAfterSeconds;
  }

  /** Whether it is the service's fault and passes by itself. */
  get isOutage(): boolean {
    return this.status === 0 || this.status >= 500;
  }
}

export const unreachable = (): NotDone =>
  new NotDone(0, { code: 'unreachable', title: 'The service can not be reached. Is this computer online?' });

/** Reads a refusal. What isn't a problem, such as a page of some proxy's, is told by its status alone. */
export async function readProblem(answer: Response): Promise<NotDone> {
  const retryAfter = Number(answer.headers.get('retry-after') ?? Number.NaN);
  const isProblem = answer.headers.get('content-type')?.includes('json') === true;
  const body: Partial<Problem> = isProblem ? await answer.json().catch(() => ({})) : {};
  const { code = `http_${answer.status}`, title = 'Something went wrong. Try again later.' } = body;
  return new NotDone(
    answer.status,
    { code, title, errors: body.errors },
    Number.isFinite(retryAfter) ? retryAfter : undefined,
  );
}

/** What to tell of any fault. */
export const titleOf = (fault: unknown): string =>
  fault instanceof NotDone ? fault.message : 'Something went wrong in this page. Load it again.';
