// Stands for `chalk`: text without colours.

const plain = new Proxy(String, { get: () => plain });

export default plain;
