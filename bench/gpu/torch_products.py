"""Times the products of PaliGemma-3B in PyTorch (cuBLAS) and the model in transformers, to compare with VlmSharp: torch_products.py PART.json MODEL_DIR"""

import json
import sys
import time

found = {}


def save():
    with open(sys.argv[1], "w") as file:
        json.dump(found, file, indent=1)


def row(table, **values):
    found.setdefault(table, []).append(values)
    print(table, values, flush=True)
    save()


def product(torch, rows, inputs, outputs):
    """y = x W^T in bf16. Copies of the weights are used in turns and fill more memory than the caches hold."""
    copies = max(1, int(150e6 // (2 * inputs * outputs)))
    weights = [torch.randn(outputs, inputs, device="cuda", dtype=torch.bfloat16) for _ in range(copies)]
    x = torch.randn(rows, inputs, device="cuda", dtype=torch.bfloat16)
    calls = max(8, min(400, int(2e13 / (2 * rows * inputs * outputs))))
    best = float("inf")
    for repetition in range(4):
        start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        start.record()
        for call in range(calls):
            torch.nn.functional.linear(x, weights[call % copies])
        end.record()
        torch.cuda.synchronize()
        if repetition:
            best = min(best, start.elapsed_time(end) / 1e3 / calls)
    row("products", rows=rows, inputs=inputs, outputs=outputs, microseconds=round(best * 1e6, 2),
        tflop_per_s=round(2 * rows * inputs * outputs / best / 1e12, 1), weight_gb_per_s=round(2 * inputs * outputs / best / 1e9, 1))


def model(torch, folder):
    """A picture, its prompt and new tokens in transformers: the times of the first token and of a step."""
    from transformers import PaliGemmaForConditionalGeneration

    network = PaliGemmaForConditionalGeneration.from_pretrained(folder, torch_dtype=torch.bfloat16).to("cuda").eval()
    config = network.config
    image_token = getattr(config, "image_token_index", None) or config.image_token_id
    ids = [image_token] * 256 + [2, 4521, 235248, 108]
    side = config.vision_config.image_size
    for batch in (1, 16):
        inputs = {
            "input_ids": torch.tensor([ids] * batch, device="cuda"),
            "attention_mask": torch.ones(batch, len(ids), dtype=torch.long, device="cuda"),
            "pixel_values": torch.randn(batch, 3, side, side, device="cuda", dtype=torch.bfloat16),
        }

        def seconds(tokens):
            best = float("inf")
            for _ in range(3):
                torch.cuda.synchronize()
                start = time.perf_counter()
                with torch.no_grad():
                    network.generate(**inputs, min_new_tokens=tokens, max_new_tokens=tokens, do_sample=False)
                torch.cuda.synchronize()
                best = min(best, time.perf_counter() - start)
            return best

        first, all_tokens = seconds(1), seconds(17)
        step = (all_tokens - first) / 16
        row("transformers", batch=batch, first_token_seconds=round(first, 5), decode_step_seconds=round(step, 6), decode_tokens_per_s=round(batch / step, 1))


def main():
    try:
        import torch
    except ImportError:
        found["skipped"] = "PyTorch is not installed"
        return save()
    found["torch"] = torch.__version__
    if not torch.cuda.is_available():
        found["skipped"] = "PyTorch finds no card"
        return save()
    product(torch, 4096, 4096, 4096)
    for rows in (1, 16, 260, 4160):
        for inputs, outputs in ((2048, 16384), (16384, 2048), (2048, 2048)):
            product(torch, rows, inputs, outputs)
    for rows in (256, 4096):
        for inputs, outputs in ((1152, 4304), (4304, 1152), (1152, 1152)):
            product(torch, rows, inputs, outputs)
    try:
        model(torch, sys.argv[2])
    except Exception as error:  # other versions have other configurations: the products stand without it
        found["transformers_skipped"] = f"{type(error).__name__}: {error}"[:300]
        save()


main()
