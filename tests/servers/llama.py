"""llama.cpp's own HTTP server on loopback: MODEL TEMPLATE PORT THREADS."""

import os
import signal
import sys

import xllamacpp

model, template, port, threads = sys.argv[1:]
params = xllamacpp.CommonParams()
params.model.path = model
params.model_alias = {"qwen2.5-coder-1.5b"}
params.hostnames, params.port = ["127.0.0.1"], int(port)
params.n_ctx, params.n_parallel = 8192, 1
params.cpuparams.n_threads = params.cpuparams_batch.n_threads = int(threads)
params.use_jinja, params.chat_template = True, open(template, encoding="utf-8").read()
params.ui, params.offline = False, True

server = xllamacpp.Server(params)
print("listening on", server.listening_address, flush=True)
for name in (signal.SIGTERM, signal.SIGINT):
    signal.signal(name, lambda *_: os._exit(0))
while True:
    signal.pause()
