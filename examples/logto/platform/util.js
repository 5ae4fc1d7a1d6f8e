// Stands for the one function of `node:util` that a script uses.

export function promisify(run) {
  return (...args) =>
    new Promise((resolve, reject) => {
      run(...args, (error, result) => (error ? reject(error) : resolve(result)));
    });
}
