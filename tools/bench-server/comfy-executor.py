# What ComfyUI's executor costs: graphs of nodes that do nothing, through its own validation and PromptExecutor, without server and browser.
# usage: comfy-executor.py CHECKOUT SHAPE CACHE COUNT...   (SHAPE: chain or diamond; CACHE: classic or none); one JSON line for each count, in seconds
import asyncio, json, logging, math, sys, time

checkout, shape, cache = sys.argv[1:4]
counts = [int(count) for count in sys.argv[4:]]
sys.argv = ["main.py", "--cpu"]
sys.path.insert(0, checkout)
logging.disable(logging.CRITICAL)

import comfy.options

comfy.options.enable_args_parsing()
import execution, nodes
from comfyui_version import __version__


class Pass:
    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"a": ("FLOAT", {"default": 1.0})}, "optional": {"b": ("FLOAT", {"default": 0.0})}}

    RETURN_TYPES = ("FLOAT",)
    FUNCTION = "run"
    CATEGORY = "bench"

    def run(self, a, b=0.0):
        return (a,)


class End(Pass):
    OUTPUT_NODE = True


nodes.NODE_CLASS_MAPPINGS.update({"Pass": Pass, "End": End})


class Silent:
    client_id = "bench"
    last_node_id = None

    def send_sync(self, event, data, sid=None):
        pass


def chain(count):
    prompt = {"n0": {"class_type": "Pass", "inputs": {"a": 1.0}}}
    for i in range(1, count):
        prompt[f"n{i}"] = {"class_type": "End" if i == count - 1 else "Pass", "inputs": {"a": [f"n{i - 1}", 0]}}
    return prompt


def diamond(count):
    prompt = {side: {"class_type": "Pass", "inputs": {"a": 1.0}} for side in ("l0", "r0")}
    for i in range(1, count // 2):
        for side in "lr":
            last = i == count // 2 - 1 and side == "l"
            prompt[f"{side}{i}"] = {
                "class_type": "End" if last else "Pass",
                "inputs": {"a": [f"l{i - 1}", 0], "b": [f"r{i - 1}", 0]},
            }
    return prompt


kinds = {"classic": execution.CacheType.CLASSIC, "none": execution.CacheType.DEPENDENCY_AWARE}
for count in counts:
    prompt = {"chain": chain, "diamond": diamond}[shape](count)
    needed = count if shape == "chain" else count - 1
    line = {"version": __version__, "count": count}
    begun = time.perf_counter()
    try:
        valid, error, outputs, node_errors = asyncio.run(execution.validate_prompt("bench", prompt, None))
        line["submit"] = time.perf_counter() - begun
        if not valid:
            # The executor is measured all the same.
            line["refused"] = error["type"]
            outputs = [f"n{count - 1}" if shape == "chain" else f"l{count // 2 - 1}"]
        for _ in range(3 if count < 1000 else 1):
            executor = execution.PromptExecutor(Silent(), cache_type=kinds[cache], cache_size=0)
            for what in ("cold", "again"):
                begun = time.perf_counter()
                executor.execute(prompt, "bench", {"client_id": "bench"}, outputs)
                line[what] = min(line.get(what, math.inf), (time.perf_counter() - begun) / needed)
                if not executor.success:
                    raise RuntimeError(executor.status_messages[-1][1]["exception_type"])
    except Exception as failure:
        line["failed"] = str(failure) if type(failure) is RuntimeError else type(failure).__name__
        line["after"] = time.perf_counter() - begun
    print(json.dumps(line), flush=True)
