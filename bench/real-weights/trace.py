#!/usr/bin/env python3
"""Writes every stage of PaliGemma's forward pass in transformers, and compares two such files.

    trace.py run --model DIR --image FILE [--image FILE] --prompt TEXT --out X.safetensors [--max-new-tokens 8] [--dtype float32]
    trace.py compare OURS.safetensors REFERENCE.safetensors [--tolerance 1e-3]

run needs torch, transformers and pillow, and writes what 'vlmsharp trace' writes, under the same names. compare needs no packages.
The error of a stage is |ours - reference| / |reference|, with norms over all its numbers. compare ends with 1 if an error is above the
tolerance or other tokens were chosen. Arithmetic in fp32 stays below 1e-4; bf16 on either side needs about 0.05.
"""
import argparse
import array
import json
import math
import operator
import re
import struct
import sys

STEPS = 8  # whose scores are kept


def run(a):
    import torch
    from PIL import Image, ImageOps
    from safetensors.torch import save_file
    from transformers import AutoProcessor, PaliGemmaForConditionalGeneration

    model = PaliGemmaForConditionalGeneration.from_pretrained(a.model, torch_dtype=getattr(torch, a.dtype), attn_implementation="eager").eval()
    processor = AutoProcessor.from_pretrained(a.model)
    pictures = [ImageOps.exif_transpose(Image.open(path)).convert("RGB") for path in a.image]
    inputs = processor(text=[a.prompt], images=[pictures], return_tensors="pt")
    seen = {}

    def keep(name, value, perPicture):
        value = value[0] if isinstance(value, tuple) else value
        if name not in seen:  # of later steps only the scores are kept
            seen[name] = value.detach().float().contiguous() if perPicture else value.detach().float()[0].contiguous()

    def watch(module, name, perPicture):
        module.register_forward_hook(lambda _m, _i, output: keep(name, output, perPicture))

    gemma2 = False
    for path, module in model.named_modules():
        if re.search(r"vision_tower\.(.*\.)?embeddings$", path):
            watch(module, "vision.embeddings", True)
        elif m := re.search(r"vision_tower\.(?:.*\.)?encoder\.layers\.(\d+)$", path):
            watch(module, f"vision.layer.{m[1]}", True)
        elif m := re.search(r"vision_tower\.(?:.*\.)?encoder\.layers\.0\.(self_attn|mlp)$", path):
            watch(module, "vision.layer.0." + ("attention" if m[1] == "self_attn" else "mlp"), True)
        elif re.search(r"vision_tower\.(?:.*\.)?post_layernorm$", path):
            watch(module, "vision.post_norm", True)
        elif path.endswith("multi_modal_projector"):
            watch(module, "projector", True)
        elif m := re.search(r"language_model\.(?:model\.)?layers\.(\d+)$", path):
            watch(module, f"text.layer.{m[1]}", False)
            gemma2 = gemma2 or hasattr(module, "pre_feedforward_layernorm")
            if m[1] == "0":
                first = module
        elif re.search(r"language_model\.(?:model\.)?norm$", path):
            watch(module, "text.norm", False)

    def enter(_module, args, kwargs):
        keep("text.input", args[0] if args else kwargs["hidden_states"], False)

    first.register_forward_pre_hook(enter, with_kwargs=True)
    # The branches as they are added to the residual: Gemma 2 has another norm after each.
    watch(first.post_attention_layernorm if gemma2 else first.self_attn, "text.layer.0.attention", False)
    watch(first.post_feedforward_layernorm if gemma2 else first.mlp, "text.layer.0.mlp", False)

    model.generation_config.eos_token_id = None  # as 'vlmsharp trace' does, which stops at nothing
    with torch.no_grad():
        said = model.generate(**inputs, max_new_tokens=a.max_new_tokens, do_sample=False, return_dict_in_generate=True, output_logits=True)
        length = inputs["input_ids"].shape[1]
        scores = model.get_output_embeddings()(seen["text.norm"].to(getattr(torch, a.dtype))).float()
    seen["pixel_values"] = inputs["pixel_values"].float().reshape(len(pictures), 3, *inputs["pixel_values"].shape[-2:])
    seen["input_ids"], seen["tokens"] = inputs["input_ids"][0], said.sequences[0, length:]
    seen["step_logits"] = torch.cat([row.float() for row in said.logits[:STEPS]])
    seen["logits"] = scores
    save_file({name: value.clone().contiguous() for name, value in seen.items()}, a.out)
    print(processor.tokenizer.decode(seen["tokens"]))


def load(path):
    """Name -> (shape, numbers) of a file of F32 and I64 (https://huggingface.co/docs/safetensors)."""
    with open(path, "rb") as file:
        size = struct.unpack("<Q", file.read(8))[0]
        if size > 100_000_000:
            sys.exit(f"{path} is no safetensors file.")
        header = json.loads(file.read(size))
        tensors = {}
        for name, entry in header.items():
            if name == "__metadata__":
                continue
            kind = {"F32": "f", "I64": "q"}.get(entry["dtype"]) or sys.exit(f"{path}: {name} is {entry['dtype']}; F32 and I64 are compared.")
            begin, end = entry["data_offsets"]
            file.seek(8 + size + begin)
            numbers = array.array(kind)
            numbers.frombytes(file.read(end - begin))
            if sys.byteorder == "big":
                numbers.byteswap()
            tensors[name] = (entry["shape"], numbers)
    return tensors


def norm(numbers):
    return math.sqrt(math.fsum(map(operator.mul, numbers, numbers)))


def compare(a):
    ours, reference = load(a.ours), load(a.reference)
    common = [name for name in reference if name in ours]
    missing = [name for name in reference if name not in ours and not name.startswith("beam4")]
    wrong = [f"{name} is not in {a.ours}" for name in missing]
    chosen = [tensors.get("tokens", ([], []))[1] for tensors in (ours, reference)]
    tokens = next((i for i, (x, y) in enumerate(zip(*chosen)) if x != y), min(map(len, chosen)))
    if tokens < min(map(len, chosen)):
        wrong.append(f"token {tokens} is {chosen[0][tokens]} and not {chosen[1][tokens]}")
    worst = ("", 0.0)
    for name in sorted(common):
        (shape, x), (expected, y) = ours[name], reference[name]
        if name == "tokens":
            continue
        if name == "step_logits":  # comparable while the same tokens were chosen
            rows = min(shape[0], expected[0], tokens + 1)
            x, y, shape, expected = x[: rows * shape[1]], y[: rows * expected[1]], [rows, shape[1]], [rows, expected[1]]
        if shape != expected:
            wrong.append(f"{name} is {shape} and not {expected}")
            continue
        if name == "input_ids":
            if x != y:
                wrong.append("input_ids differ")
            continue
        difference = array.array("d", map(operator.sub, x, y))
        error, largest = norm(difference) / max(norm(y), 1e-30), max(map(abs, difference), default=0.0)
        print(f"{name:28} {str(shape):20} error {error:.2e}, at the most {largest:.2e}")
        if error > worst[1]:
            worst = (name, error)
        if not error <= a.tolerance:  # a NaN is wrong too
            wrong.append(f"{name} has an error of {error:.2e}, more than {a.tolerance:.0e}")
    if "tokens" not in reference or len(common) < 3:
        wrong.append(f"{a.reference} is no trace")
    print("; ".join(wrong) if wrong else f"{len(common)} tensors, {tokens} equal tokens, largest error {worst[1]:.1e} in {worst[0]}")
    return 1 if wrong else 0


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
commands = parser.add_subparsers(dest="command", required=True)
one = commands.add_parser("run")
for option in ["--model", "--prompt", "--out"]:
    one.add_argument(option, required=True)
one.add_argument("--image", action="append", required=True)
one.add_argument("--max-new-tokens", type=int, default=STEPS)
one.add_argument("--dtype", default="float32", choices=["float32", "bfloat16", "float16"])
two = commands.add_parser("compare")
two.add_argument("ours")
two.add_argument("reference")
two.add_argument("--tolerance", type=float, default=1e-3)
if __name__ == "__main__":
    given = parser.parse_args()
    sys.exit(run(given) if given.command == "run" else compare(given))
