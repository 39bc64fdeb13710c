using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using VlmSharp.Conformance;
using VlmSharp.Training.Tests.Optimizers;
using VlmSharp.Training.Tracking;

namespace VlmSharp.Training.Tests.Tracking;

public sealed class TensorBoardFileTests
{
    [Fact]
    public void Records_equal_those_of_TensorFlow_to_the_byte()
    {
        JsonElement golden = TrainingGoldens.Section("tensorboard");
        Assert.Equal(golden.GetProperty("crc32c_123456789").GetString(), TensorBoardFile.Crc32C("123456789"u8).ToString("x8"));
        Assert.Equal(
            golden.GetProperty("file_version_record_hex").GetString(), Convert.ToHexStringLower(TensorBoardFile.FileVersion(1700000000.5)));
        Assert.Equal(golden.GetProperty("scalar_record_hex").GetString(),
            Convert.ToHexStringLower(TensorBoardFile.Scalar(1700000000.5, 7, "train/loss", 1.25f)));
    }

    [Fact]
    public void A_file_has_complete_records_and_marks_where_a_run_resumes()
    {
        using var folder = new TemporaryFolder();
        using (var board = new TensorBoardFile(folder.At("events")))
        {
            board.Begin(new RunInfo("run", 300, 400, new Dictionary<string, string>()));
            board.OnStep(new StepMetrics(300, 2, 3, 4, 5, 6));
            byte[] png = [.. new byte[16], 0, 0, 0, 7, 0, 0, 0, 9, 1, 2];
            board.OnEvaluation(301, new EvaluationResult(new Dictionary<string, double> { ["loss"] = 1 }, [new("p", null, "a", png)]));
            board.End(RunStatus.Finished);
        }

        string path = Assert.Single(Directory.GetFiles(folder.At("events")));
        Assert.Matches(@"^events\.out\.tfevents\.\d+\.[\w-]+\.\d+\.0$", Path.GetFileName(path));
        byte[] bytes = File.ReadAllBytes(path);
        var payloads = new List<byte[]>();
        for (int at = 0; at < bytes.Length;)
        {
            int length = (int)BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(at));
            payloads.Add(bytes[(at + 12)..(at + 12 + length)]);
            at += 16 + length;
            Assert.True(at <= bytes.Length);
        }

        Assert.Equal(8, payloads.Count); // version, start, four numbers, the evaluation, the picture
        // step 301, counted from 1, session_log { status: START }
        Assert.Equal([0x10, 0xAD, 0x02, 0x3A, 0x02, 0x08, 0x01], payloads[1][9..]);
        Assert.Contains("train/lr", Encoding.Latin1.GetString(payloads[4]), StringComparison.Ordinal);
        // height 9, width 7, RGB
        Assert.Contains("\x08\x09\x10\x07\x18\x03", Encoding.Latin1.GetString(payloads[7]), StringComparison.Ordinal);
    }
}
