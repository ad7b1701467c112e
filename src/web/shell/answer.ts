import { useCallback, useRef, useState } from 'hono/jsx/dom';
import { titleOf } from '../api/problem.ts';
import { useEffect } from './effect.ts';

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
