import type { Problem } from '../../http/problem.ts';
import type { FieldError } from '../../refusal.ts';
import { KeyStorageError } from '../dpop/key-store.ts';

/** The request was refused (RFC 9457), or there was no response. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  /** Stable, for programs; `unreachable` if there was no response. */
  readonly code: string;
  /** 0 if there was no response. */
  readonly status: number;
  readonly errors: readonly FieldError[];
  /** From `Retry-After`. */
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

  /** Whether the cause is a temporary fault of the service or the network. */
  get isOutage(): boolean {
    return this.status === 0 || this.status >= 500;
  }

  /** Whether this browser does not have the session's key. */
  get isKeyMissing(): boolean {
    return this.status === 401 && (this.code === 'token_binding_wrong' || this.code === 'binding_required');
  }

  /** Whether only the proof of this request was refused (RFC 9449), so that the session may continue. */
  get isProofRefused(): boolean {
    return this.status === 401 && this.code.startsWith('dpop_');
  }
}

export const unreachableError = (): ApiError =>
  new ApiError(0, { code: 'unreachable', title: "The service can't be reached. Check your connection." });

/** Reads an error response. Of anything but a problem, such as a proxy's error page, only the status is used. */
export async function readApiError(response: Response): Promise<ApiError> {
  const retryAfter = Number(response.headers.get('retry-after') ?? Number.NaN);
  const isJson = response.headers.get('content-type')?.includes('json') === true;
  const body: Partial<Problem> = isJson ? await response.json().catch(() => ({})) : {};
  const { code = `http_${response.status}`, title = 'Something went wrong. Try again later.' } = body;
  return new ApiError(
    response.status,
    { code, title, errors: body.errors },
    Number.isFinite(retryAfter) ? retryAfter : undefined,
  );
}

/** The text to show for any error. */
export const messageOf = (error: unknown): string =>
  error instanceof ApiError || error instanceof KeyStorageError
    ? error.message
    : 'Something went wrong. Reload the page.';
