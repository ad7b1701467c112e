import { z } from 'zod';
import type {
  ApiDocument,
  JsonSchema,
  Method,
  OperationObject,
  ResponseObject,
} from '../../src/openapi/document-shape.ts';

export interface DocumentedOperation {
  method: Method;
  path: string;
  operation: OperationObject;
}

/** An answer with its whole body. */
export interface WholeAnswer {
  status: number;
  contentType: string | null;
  cacheControl?: string | null;
  body: string;
}

/** All but the body. */
export const headOf = ({ status, headers }: Response): Omit<WholeAnswer, 'body'> => ({
  status,
  contentType: headers.get('content-type'),
  cacheControl: headers.get('cache-control'),
});

export async function wholeAnswer(answer: Response): Promise<WholeAnswer> {
  return { ...headOf(answer), body: await answer.text() };
}

/** A gateway's own description of its API, to hold its answers against. */
export class DocumentedApi {
  readonly document: ApiDocument;
  readonly operations: readonly DocumentedOperation[];
  readonly #compiled = new Map<string, z.ZodType>();

  constructor(document: ApiDocument) {
    this.document = document;
    this.operations = Object.entries(document.paths).flatMap(([path, item]) =>
      Object.entries(item).map(([method, operation]) => ({ method: method as Method, path, operation })),
    );
  }

  static async of(gatewayUrl: string): Promise<DocumentedApi> {
    const answer = await fetch(`${gatewayUrl}/openapi.json`);
    return new DocumentedApi((await answer.json()) as ApiDocument);
  }

  get(operationId: string): DocumentedOperation {
    const found = this.operations.find(({ operation }) => operation.operationId === operationId);
    if (found === undefined) throw new Error(`no operation is called ${operationId}`);
    return found;
  }

  /** What about an answer is otherwise than it is described; nothing when it is as it should be. */
  faultOf(
    { operation }: DocumentedOperation,
    { status, contentType, body }: WholeAnswer,
  ): string | undefined {
    const response = operation.responses[status];
    if (response === undefined) return `the status ${status} is not described: ${body}`;
    if (body === '') return hasContent(response) ? `${status} without a body` : undefined;
    const described = response.content?.[contentType ?? ''];
    if (described === undefined) return `${status} as ${contentType} is not described: ${body}`;
    const value: unknown = contentType?.endsWith('json') ? JSON.parse(body) : body;
    return this.#faultOfValue(described.schema, value);
  }

  /** All of `allOf` by themselves: zod would take members that only one of them knows. */
  #faultOfValue(schema: JsonSchema, value: unknown): string | undefined {
    if (schema.allOf !== undefined)
      return schema.allOf.map((one) => this.#faultOfValue(one, value)).find((fault) => fault !== undefined);
    const { success, error } = this.#compile(schema).safeParse(value);
    return success ? undefined : `${z.prettifyError(error)} in ${JSON.stringify(value)}`;
  }

  #compile(schema: JsonSchema): z.ZodType {
    const text = JSON.stringify(schema);
    const present = this.#compiled.get(text);
    if (present !== undefined) return present;
    const whole = JSON.stringify({ ...schema, $defs: this.document.components.schemas });
    const local = JSON.parse(whole.replaceAll('#/components/schemas/', '#/$defs/'));
    const compiled = z.fromJSONSchema(local);
    this.#compiled.set(text, compiled);
    return compiled;
  }
}

const hasContent = ({ content }: ResponseObject): boolean => content !== undefined;
