// The barest server that Node has, as quick to start as Node can make it: it reads nothing and answers always the same.
const { createServer } = process.getBuiltinModule('node:http');

const body = '{"block":"0x1b4","logs":3}';
createServer((_request, response) => {
  response.writeHead(200, ['content-type', 'application/json', 'content-length', body.length]).end(body);
}).listen(Number(process.env.PORT), '127.0.0.1');
