import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { messageOf } from '../api/api-error.ts';

/** Data from the server. A value stays while it is loaded again. */
export interface Loaded<Value> {
  value: Value | undefined;
  /** Why there is no value, or no newer one. */
  error: string | undefined;
  reload(): Promise<void>;
  /** Changes the value, if there is one. */
  update(change: (value: Value) => Value): void;
}

interface LoadState<Value> extends Loaded<Value> {
  isBusy: boolean;
  /** Runs `fetch` and sets the value. On an error the value becomes `fallback`, or stays without it. */
  run(fetch: () => Promise<Value>, fallback?: { value: Value | undefined }): Promise<void>;
}

/** Loads when the component appears and whenever `deps` change. Only the result of the latest run counts. */
function useLoadState<Value>(
  load: () => Promise<Value>,
  deps: readonly unknown[],
  fallback?: { value: Value | undefined },
): LoadState<Value> {
  const [value, setValue] = useState<Value | undefined>(undefined);
  const [error, setError] = useState<string | undefined>(undefined);
  const [isBusy, setBusy] = useState(false);
  const latest = useRef(0);
  const run = useCallback<LoadState<Value>['run']>(async (fetch, fallback) => {
    latest.current += 1;
    const mine = latest.current;
    const apply = (change: () => void): void => {
      if (mine === latest.current) change();
    };
    apply(() => setBusy(true));
    try {
      const loaded = await fetch();
      apply(() => {
        setValue(() => loaded);
        setError(undefined);
      });
    } catch (caught) {
      apply(() => {
        if (fallback !== undefined) setValue(() => fallback.value);
        setError(messageOf(caught));
      });
    }
    apply(() => setBusy(false));
  }, []);
  const reload = useCallback(() => run(load, fallback), deps);
  useEffect(() => {
    void reload();
    return () => {
      latest.current += 1;
    };
  }, [reload]);
  const update = (change: (value: Value) => Value): void =>
    setValue((current) => (current === undefined ? current : change(current)));
  return { value, error, isBusy, run, reload, update };
}

/** Loads when the component appears and whenever `deps` change. */
export const useLoad = <Value>(load: () => Promise<Value>, deps: readonly unknown[]): Loaded<Value> =>
  useLoadState(load, deps);

export interface ListPage<Item> {
  items: readonly Item[];
  /** The cursor of the next page; null on the last one. */
  next: string | null;
}

/** A list that is loaded page by page. */
export interface PagedList<Item> {
  /** The pages loaded so far, joined. Kept while the first page is loaded again, unless that fails. */
  value: ListPage<Item> | undefined;
  /** Why there is no value or, with a value, no next page. */
  error: string | undefined;
  isBusy: boolean;
  /** Loads the first page again. */
  reload(): Promise<void>;
  loadMore(): Promise<void>;
}

/** Loads the first page when the component appears and whenever `deps` change. */
export function usePagedList<Item>(
  load: (cursor: string | undefined) => Promise<ListPage<Item>>,
  deps: readonly unknown[],
): PagedList<Item> {
  const state = useLoadState<ListPage<Item>>(() => load(undefined), deps, { value: undefined });
  const { value, error, isBusy, run, reload } = state;
  const loadMore = async (): Promise<void> => {
    if (isBusy || value === undefined || value.next === null) return;
    const { items, next } = value;
    await run(async () => {
      const page = await load(next);
      return { items: [...items, ...page.items], next: page.next };
    });
  };
  return { value, error, isBusy, reload, loadMore };
}
