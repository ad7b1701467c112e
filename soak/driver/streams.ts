import type { Step } from '../plan/steps.ts';
import { openStream } from './http.ts';
import type { Pool, Session } from './pool.ts';
import { noteUse, type SoakContext, urlOf } from './soak-context.ts';

const LENGTH_MIN_MS = 2000;
const LENGTH_SPREAD_MS = 10_000;

interface Watch {
  pool: Pool;
  session: Session;
  step: Step;
  path: string;
}

/** Opens an event stream, and reads it in the background until it ends or has been watched for some seconds. */
export async function watchStream(context: SoakContext, { pool, session, step, path }: Watch): Promise<void> {
  const { name, gateway, otherChoice } = step;
  const authority = pool.authorityOf(session);
  const by = `${pool.person.username} at gateway ${gateway}`;
  const stream = await context.recorder.runStream({ name, by, authority }, async (onPart) => {
    const headers = { accept: 'text/event-stream' };
    const call = { url: urlOf(context, gateway, path), token: session.token, headers };
    const opened = await openStream(call, onPart);
    return { ...opened, ...opened.reply };
  });
  // Reading a stream is no activity of the user.
  if (stream.outcome !== 'ok') return noteUse(pool, session, stream);
  context.streams.add(stream);
  const timer = setTimeout(stream.close, LENGTH_MIN_MS + otherChoice * LENGTH_SPREAD_MS);
  void stream.ended.then(() => {
    clearTimeout(timer);
    context.streams.delete(stream);
  });
}
