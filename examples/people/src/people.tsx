import { invoke } from '@tauri-apps/api/core';
import { listen } from '@tauri-apps/api/event';
import { getCurrentWindow } from '@tauri-apps/api/window';
import { tracedInvoke, tracedListen } from '@throughline/sdk/tauri';
import { type FormEvent, useEffect, useState } from 'react';

interface Person {
  readonly id: number;
  readonly name: string;
  readonly email: string;
}

/** As the backend's `PersonError`. */
interface Refusal {
  readonly kind: string;
  readonly message: string;
}

export function People() {
  const [people, setPeople] = useState<readonly Person[]>([]);
  const [count, setCount] = useState(0);
  const [news, setNews] = useState('');
  const [refusal, setRefusal] = useState<Refusal>();

  useEffect(() => {
    void tracedInvoke<Person[]>('list_people').then(setPeople);
    // Two ways to listen: the program's own, observed, and the SDK's.
    const listening = [
      listen<Person>('user-created', ({ payload }) => {
        setPeople((before) => [payload, ...before.filter(({ id }) => id !== payload.id)].slice(0, 50));
      }),
      tracedListen<Person>('user-created', ({ payload }) => {
        setNews(`${payload.name} is here`);
        return invoke<number>('count_people').then(setCount);
      }),
    ];
    return () => {
      for (const stop of listening) void stop.then((stop) => stop());
    };
  }, []);

  async function create(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setRefusal(undefined);
    try {
      await invoke('create_person', { name: form.get('name'), email: form.get('email') });
    } catch (error) {
      setRefusal(error as Refusal);
    }
  }

  return (
    <>
      <h1>People</h1>
      <form onSubmit={create}>
        <input name="name" placeholder="Name" aria-label="Name" />
        <input name="email" placeholder="E-mail" aria-label="E-mail" />
        <button id="create" type="submit">
          Create
        </button>
      </form>
      <p role="status">
        {news}
        {count > 0 && ` (${count})`}
      </p>
      {refusal && (
        <p role="alert" data-kind={refusal.kind}>
          {refusal.message}
        </p>
      )}
      <ul>
        {people.map(({ id, name, email }) => (
          <li key={id}>
            {name} <small>{email}</small>
          </li>
        ))}
      </ul>
      <button id="close" type="button" onClick={() => void getCurrentWindow().close()}>
        Close
      </button>
    </>
  );
}
