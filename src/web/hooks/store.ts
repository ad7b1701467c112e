import { useLayoutEffect, useState } from 'hono/jsx/dom';

/** A value that parts of the page share and follow. */
export interface Store<Value> {
  get(): Value;
  set(value: Value): void;
  /** Tells of each change until the answer is called. */
  subscribe(listener: () => void): () => void;
}

export function createStore<Value>(initial: Value): Store<Value> {
  let current = initial;
  const listeners = new Set<() => void>();
  return {
    get: () => current,
    set: (value) => {
      if (value === current) return;
      current = value;
      for (const listener of [...listeners]) listener();
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** The store's value, in a component that is drawn again when it changes. */
export function useStore<Value>(store: Store<Value>): Value {
  const [, setDrawings] = useState(0);
  useLayoutEffect(() => store.subscribe(() => setDrawings((count) => count + 1)), [store]);
  return store.get();
}
