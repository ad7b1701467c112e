import type { IncomingMessage, ServerResponse } from 'node:http';
import { sendRequest, type UpstreamProxy } from '../../../src/gateway/proxy/proxy.ts';
import type { ProxiedRequest } from '../../../src/gateway/proxy/response-relay.ts';
import { UpstreamConnection } from '../../../src/gateway/proxy/upstream-connection.ts';
import { RequestRecord } from '../../../src/request-record.ts';

type Callbacks = Pick<ProxiedRequest, 'onRefusal' | 'onLiveResponse'>;

/** Sends a request without a body to the upstream as soon as there is a connection, without any check. */
export async function relay(
  { requests }: UpstreamProxy,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  callbacks: Callbacks,
): Promise<void> {
  const connection = requests.take() ?? (await requests.wait(outgoing));
  if (!(connection instanceof UpstreamConnection)) return void outgoing.destroy();
  const record = new RequestRecord();
  sendRequest(connection, {
    incoming,
    outgoing,
    target: incoming.url ?? '/',
    headers: [],
    body: null,
    clientHeaders: () => [],
    requestId: '',
    record,
    sending: record.begin('upstream'),
    release: (isReusable) => requests.release(connection, isReusable),
    ...callbacks,
  });
}
