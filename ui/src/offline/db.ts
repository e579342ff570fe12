// What lies on the phone. Only the order of things and whose they are is in clear; everything else is sealed.
export interface Sealed {
  iv: Uint8Array<ArrayBuffer>;
  data: ArrayBuffer;
}
export type Kind = "visit" | "seen" | "case" | "form";
export interface QueueRow extends Sealed {
  n?: number;
  id: string;
  owner: string;
  kind: Kind;
}
export interface OwnedRow extends Sealed {
  id: string;
  owner: string;
}
export type Store = "meta" | "sealed" | "queue" | "drafts" | "photos";

export const NAME = "linli-offline";
let opened: Promise<IDBDatabase> | undefined;

export function db(): Promise<IDBDatabase> {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => {
      const d = request.result;
      d.createObjectStore("meta");
      d.createObjectStore("sealed", { keyPath: "id" });
      d.createObjectStore("queue", { keyPath: "n", autoIncrement: true }).createIndex("id", "id", { unique: true });
      d.createObjectStore("drafts", { keyPath: "id" });
      d.createObjectStore("photos", { keyPath: "id" });
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  return opened;
}

/** One transaction; done when it is on disk, not when it was asked for. */
export async function write(stores: Store[], act: (of: (store: Store) => IDBObjectStore) => void): Promise<void> {
  const d = await db();
  return new Promise((resolve, reject) => {
    const tx = d.transaction(stores, "readwrite", { durability: "strict" });
    tx.oncomplete = () => resolve();
    tx.onerror = () => reject(tx.error);
    tx.onabort = () => reject(tx.error);
    act((store) => tx.objectStore(store));
  });
}

async function read<T>(store: Store, ask: (s: IDBObjectStore) => IDBRequest): Promise<T> {
  const d = await db();
  return new Promise((resolve, reject) => {
    const request = ask(d.transaction(store).objectStore(store));
    request.onsuccess = () => resolve(request.result as T);
    request.onerror = () => reject(request.error);
  });
}

export const get = <T>(store: Store, key: IDBValidKey) => read<T | undefined>(store, (s) => s.get(key));
export const all = <T>(store: Store) => read<T[]>(store, (s) => s.getAll());
