"use strict";
// What the stage wrote, by name. Each file calls put(name, value) when its script runs: a page that was opened
// as a file may not fetch.
const store = (() => {
  const KEPT = 12; // parts, of about three million characters each
  const values = new Map(); // the least recently used first
  const waiting = new Map();

  function put(name, value) {
    values.set(name, value);
    waiting.get(name)?.resolve(value);
    waiting.delete(name);
    const parts = [...values.keys()].filter((key) => key.startsWith("parts/"));
    for (const old of parts.slice(0, Math.max(0, parts.length - KEPT))) values.delete(old);
  }

  function take(name) {
    const value = values.get(name);
    values.delete(name);
    return value;
  }

  // The value of `<name>.js`, which is run at the first call.
  function load(name) {
    if (values.has(name)) {
      const value = take(name);
      values.set(name, value);
      return Promise.resolve(value);
    }
    if (!waiting.has(name)) {
      const entry = Promise.withResolvers ? Promise.withResolvers() : resolvers();
      const script = document.createElement("script");
      script.src = `${name}.js`;
      script.onload = () => script.remove();
      script.onerror = () => {
        waiting.delete(name);
        script.remove();
        entry.reject(new Error(`${name}.js can't be read`));
      };
      waiting.set(name, entry);
      document.head.append(script);
    }
    return waiting.get(name).promise;
  }

  function resolvers() {
    const made = {};
    made.promise = new Promise((resolve, reject) => Object.assign(made, { resolve, reject }));
    return made;
  }

  return { put, take, load };
})();
const put = store.put;
