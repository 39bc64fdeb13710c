using System.Diagnostics;
using VlmSharp.Conformance;

namespace VlmSharp.Cli.Tests;

/// <summary><c>bench/real-weights</c>: it is skipped without weights, and is tried with the models of the repository.</summary>
public sealed class RealWeightsTests : IDisposable
{
    private static readonly string Scripts = Path.Combine(GoldenFiles.Root, "bench", "real-weights");

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task Without_weights_it_is_skipped_with_a_sentence()
    {
        if (OperatingSystem.IsWindows()) return; // a script of a Unix shell
        Assert.Equal((0, "skipped: no folder of models was given; bench/real-weights/run DIR checks those in it\n"), await Run());
        string none = folder.At("none");
        Assert.Equal((0, $"skipped: there is no folder {none}, so there are no weights to check\n"), await Run(none));
    }

    [Fact]
    public async Task A_folder_without_known_models_skips_each_part()
    {
        if (OperatingSystem.IsWindows()) return;
        Directory.CreateDirectory(folder.At("models"));
        (int code, string output) = await Run(folder.At("models"));
        Assert.Equal(0, code);
        Assert.Contains(
            "skipped  paligemma-3b-pt-224, '' on cow_beach_1.png: no folder paligemma-3b-pt-224\n", output, StringComparison.Ordinal);
        Assert.Contains("skipped  COCO: no folder", output, StringComparison.Ordinal);
        Assert.Contains("0 as expected, 0 not, ", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Its_parts_run_with_the_models_of_the_repository()
    {
        if (OperatingSystem.IsWindows()) return;
        Benchmarks();
        (int code, string output) = await Run("--dry", "--coco", folder.At("coco"), "--vqav2", folder.At("vqa"));
        Assert.True(code == 0, output);
        Assert.Contains(
            "ok       demo/model, 'detect cake' on demo/samples/cake.png: <loc0201><loc0228><loc0575><loc0484> cake\n",
            output,
            StringComparison.Ordinal);
        Assert.Contains(
            "skipped  no-such-model, 'caption en' on demo/samples/cake.png: no folder no-such-model\n", output, StringComparison.Ordinal);
        Assert.Contains("ok       coco-detect, model: AP 1.0000", output, StringComparison.Ordinal);
        Assert.Contains("ok       vqav2, model: ", output, StringComparison.Ordinal);
        if (await HasPython()) Assert.Contains("ok       trace of pg1: 20 tensors, 8 equal tokens", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_answer_is_reported_and_the_exit_code_is_1()
    {
        if (OperatingSystem.IsWindows()) return;
        Directory.CreateDirectory(folder.At("models/pictures"));
        Directory.CreateSymbolicLink(folder.At("models/paligemma-3b-pt-224"), Path.Combine(GoldenFiles.Root, "demo", "model"));
        File.Copy(Path.Combine(GoldenFiles.Root, "demo", "samples", "cake.png"), folder.At("models/pictures/cow_beach_1.png"));
        (int code, string output) = await Run(folder.At("models"));
        Directory.Delete(folder.At("models/paligemma-3b-pt-224"));
        Assert.Equal(1, code);
        Assert.Contains(
            "WRONG    paligemma-3b-pt-224, '' on cow_beach_1.png: it says 'a cake', and the reference 'cow on the beach'\n",
            output,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_comparison_of_traces_sees_a_difference()
    {
        if (!await HasPython()) return;
        string script = Path.Combine(Scripts, "trace.py"), golden = Path.Combine(GoldenFiles.Root, "test", "golden", "activations");
        string caption = Path.Combine(golden, "pg1-caption.safetensors"), question = Path.Combine(golden, "pg1-question.safetensors");
        Assert.Equal(0, (await Start("python3", ["-m", "py_compile", script])).Code);
        Assert.Equal(0, (await Start("python3", [script, "compare", caption, caption])).Code);
        (int code, string output) = await Start("python3", [script, "compare", question, caption]);
        Assert.Equal(1, code);
        Assert.Contains("text.layer.0 is [", output, StringComparison.Ordinal);
        byte[] bytes = await File.ReadAllBytesAsync(caption);
        bytes[^1] ^= 0x40; // the highest bit of the exponent of some number
        await File.WriteAllBytesAsync(folder.At("other.safetensors"), bytes);
        (code, output) = await Start("python3", [script, "compare", folder.At("other.safetensors"), caption]);
        Assert.True(code == 1, output);
    }

    /// <summary>Tiny files with the names of the benchmarks' files, about one of the demo's samples.</summary>
    private void Benchmarks()
    {
        foreach (string name in (string[])["coco/annotations", "coco/val2017", "vqa/val2014"]) Directory.CreateDirectory(folder.At(name));
        string cake = Path.Combine(GoldenFiles.Root, "demo", "samples", "cake.png");
        File.Copy(cake, folder.At("coco/val2017/000000000001.jpg"));
        File.Copy(cake, folder.At("vqa/val2014/COCO_val2014_000000000001.jpg"));
        File.WriteAllText(folder.At("coco/annotations/instances_val2017.json"), """
            {"images": [{"id": 1, "file_name": "000000000001.jpg", "width": 224, "height": 224}], "categories": [{"id": 1, "name": "cake"}],
             "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [50, 44, 56, 82], "area": 4592, "iscrowd": 0}]}
            """);
        File.WriteAllText(folder.At("vqa/v2_OpenEnded_mscoco_val2014_questions.json"), """
            {"data_subtype": "val2014", "questions": [{"image_id": 1, "question": "how many cakes are there?", "question_id": 1}]}
            """);
        File.WriteAllText(folder.At("vqa/v2_mscoco_val2014_annotations.json"), """
            {"data_subtype": "val2014", "annotations": [{"image_id": 1, "question_id": 1, "question_type": "how many",
              "answer_type": "number", "multiple_choice_answer": "1",
              "answers": [{"answer": "1", "answer_id": 1}, {"answer": "1", "answer_id": 2}, {"answer": "1", "answer_id": 3},
               {"answer": "2", "answer_id": 4}]}]}
            """);
    }

    private async Task<(int Code, string Output)> Run(params string[] arguments) =>
        await Start("bash", [
            Path.Combine(Scripts, "run"), .. arguments, .. arguments.Length > 0 ? ["--out", folder.At("out")] : Array.Empty<string>()
        ]);

    private async Task<bool> HasPython()
    {
        try
        {
            return (await Start("python3", ["-c", "import sys; assert sys.version_info >= (3, 9)"])).Code == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false; // no such program is installed
        }
    }

    private async Task<(int Code, string Output)> Start(string program, string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = {
                ["VLMSHARP_DLL"] = Path.Combine(AppContext.BaseDirectory, "vlmsharp.dll"),
                ["PYTHONPYCACHEPREFIX"] = folder.At("pycache")
            },
        };
        foreach (string name in (string[])["VLMSHARP_PICTURES", "VLMSHARP_COCO", "VLMSHARP_VQAV2", "OUT", "PYTHON"])
            start.Environment.Remove(name);
        using Process run = Process.Start(start)!;
        Task<string> output = run.StandardOutput.ReadToEndAsync(), error = run.StandardError.ReadToEndAsync();
        await run.WaitForExitAsync();
        await error;
        return (run.ExitCode, await output);
    }
}
