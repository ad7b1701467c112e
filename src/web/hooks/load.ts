import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { titleOf } from '../api/api-error.ts';

/** What a page has asked for. A value stays on the screen while it is asked for again. */
export interface Answer<Value> {
  value: Value | undefined;
  /** Why there is nothing newer. */
  fault: string | undefined;
  /** Asks again. */
  reload(): Promise<void>;
  /** Puts a newer value in its place. */
  put(change: (value: Value) => Value): void;
}

/** Asks when the component appears and whenever `deps` change; an answer that comes too late is dropped. */
export function useAnswer<Value>(load: () => Promise<Value>, deps: readonly unknown[]): Answer<Value> {
  const [value, setValue] = useState<Value | undefined>(undefined);
  const [fault, setFault] = useState<string | undefined>(undefined);
  const turn = useRef(0);
  const reload = useCallback(async () => {
    turn.current += 1;
    const mine = turn.current;
    try {
      const loaded = await load();
      if (mine !== turn.current) return;
      setValue(() => loaded);
      setFault(undefined);
    } catch (caught) {
      if (mine === turn.current) setFault(titleOf(caught));
    }
  }, deps);
  useEffect(() => {
    void reload();
    return () => {
      turn.current += 1;
    };
  }, [reload]);
  const put = (change: (value: Value) => Value): void =>
    setValue((now) => (now === undefined ? now : change(now)));
  return { value, fault, reload, put };
}

export interface LoadedPage<Item> {
  items: readonly Item[];
  /** For the next page; null when this is the last. */
  next: string | null;
}

/** A list that comes page by page. */
export interface Pages<Item> {
  /** What has been loaded so far, the pages joined. It stays while another first page is asked for, unless that fails. */
  value: LoadedPage<Item> | undefined;
  /** Why there is nothing, or with a value, no more. */
  fault: string | undefined;
  isBusy: boolean;
  /** Begins anew. */
  reload(): Promise<void>;
  /** Adds the next page. */
  more(): Promise<void>;
}

/** Asks for the first page when the component appears and whenever `deps` change. */
export function usePages<Item>(
  load: (cursor: string | undefined) => Promise<LoadedPage<Item>>,
  deps: readonly unknown[],
): Pages<Item> {
  const [value, setValue] = useState<LoadedPage<Item> | undefined>(undefined);
  const [fault, setFault] = useState<string | undefined>(undefined);
  const [isBusy, setBusy] = useState(false);
  const turn = useRef(0);
  /** An answer that comes when something else has been asked meanwhile is dropped. */
  const next = useCallback(async (before: LoadedPage<Item> | undefined) => {
    turn.current += 1;
    const mine = turn.current;
    setBusy(true);
    try {
      const page = await load(before?.next ?? undefined);
      if (mine !== turn.current) return;
      setValue({ items: [...(before?.items ?? []), ...page.items], next: page.next });
      setFault(undefined);
    } catch (caught) {
      if (mine !== turn.current) return;
      setValue(before);
      setFault(titleOf(caught));
    } finally {
      if (mine === turn.current) setBusy(false);
    }
  }, deps);
  const reload = useCallback(() => next(undefined), [next]);
  useEffect(() => {
    void reload();
    return () => {
      turn.current += 1;
    };
  }, [reload]);
  return { value, fault, isBusy, reload, more: () => (isBusy ? Promise.resolve() : next(value)) };
}
