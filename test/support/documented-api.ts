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

/** A response with its complete body. */
export interface FullResponse {
  status: number;
  contentType: string | null;
  cacheControl?: string | null;
  nosniff?: string | null;
  contentSecurityPolicy?: string | null;
  body: string;
}

/** Everything except the body. */
export const headOf = ({ status, headers }: Response): Omit<FullResponse, 'body'> => ({
  status,
  contentType: headers.get('content-type'),
  cacheControl: headers.get('cache-control'),
  nosniff: headers.get('x-content-type-options'),
  contentSecurityPolicy: headers.get('content-security-policy'),
});

export async function readFullResponse(response: Response): Promise<FullResponse> {
  return { ...headOf(response), body: await response.text() };
}

/** The OpenAPI document of a gateway, to check its responses against. */
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
    const response = await fetch(`${gatewayUrl}/openapi.json`);
    return new DocumentedApi((await response.json()) as ApiDocument);
  }

  get(operationId: string): DocumentedOperation {
    const found = this.operations.find(({ operation }) => operation.operationId === operationId);
    if (found === undefined) throw new Error(`no operation is called ${operationId}`);
    return found;
  }

  /** How a response differs from the document, or undefined if it conforms. */
  faultOf(
    { operation }: DocumentedOperation,
    { status, contentType, body }: FullResponse,
  ): string | undefined {
    const response = operation.responses[status];
    if (response === undefined) return `the status ${status} is not described: ${body}`;
    if (body === '') return hasContent(response) ? `${status} without a body` : undefined;
    const described = response.content?.[contentType ?? ''];
    if (described === undefined) return `${status} as ${contentType} is not described: ${body}`;
    const value: unknown = contentType?.endsWith('json') ? JSON.parse(body) : body;
    return this.#faultOfValue(described.schema, value);
  }

  /** Checks each schema of `allOf` separately, because zod would accept members that only one of them allows. */
  #faultOfValue(schema: JsonSchema, value: unknown): string | undefined {
    if (schema.allOf !== undefined)
      return schema.allOf.map((one) => this.#faultOfValue(one, value)).find((fault) => fault !== undefined);
    const { success, error } = this.#compile(schema).safeParse(value);
    return success ? undefined : `${z.prettifyError(error)} in ${JSON.stringify(value)}`;
  }

  #compile(schema: JsonSchema): z.ZodType {
    const text = JSON.stringify(schema);
    const cached = this.#compiled.get(text);
    if (cached !== undefined) return cached;
    const whole = JSON.stringify({ ...schema, $defs: this.document.components.schemas });
    const local = JSON.parse(whole.replaceAll('#/components/schemas/', '#/$defs/'));
    const compiled = z.fromJSONSchema(local);
    this.#compiled.set(text, compiled);
    return compiled;
  }
}

const hasContent = ({ content }: ResponseObject): boolean => content !== undefined;
