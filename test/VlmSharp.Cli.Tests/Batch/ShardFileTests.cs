using System.Text;
using VlmSharp.Cli.Batch;

namespace VlmSharp.Cli.Tests.Batch;

/// <summary>What is left of the file of a shard after a process died at any byte.</summary>
public sealed class ShardFileTests : IDisposable
{
    private static readonly ShardPlan Plan = new(1, 3);
    private readonly string folder = Directory.CreateTempSubdirectory("vlmsharp-shard-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private string Final => Path.Combine(folder, Plan.FileName);

    private string Partial => ShardFile.PartialOf(Final);

    private static string Line(long k) => $"{{\"index\":{Plan.IndexOf(k)},\"{(k == 2 ? "error" : "text")}\":\"{new string('x', 5)}\"}}";

    [Fact]
    public void EveryCutKeepsTheWholeRecords()
    {
        byte[] all = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 4).Select(k => Line(k) + "\n")));
        for (int cut = 0; cut <= all.Length; cut++)
        {
            File.WriteAllBytes(Partial, all[..cut]);
            int whole = all[..cut].Count(b => b == '\n');
            using (ShardFile file = ShardFile.Open(folder, Plan))
            {
                Assert.Equal((whole, whole > 2 ? 1 : 0), (file.Records, file.Errors));
                for (long k = whole; k < 4; k++) file.Append(Encoding.UTF8.GetBytes(Line(k)), isError: k == 2);
            }

            Assert.Equal(all, File.ReadAllBytes(Partial));
        }
    }

    [Fact]
    public void WhatWasTriedAgainCountsWhenTheRestWasNot()
    {
        string Record(long k, string member) => $"{{\"index\":{Plan.IndexOf(k)},\"{member}\":\"{k}\"}}";
        string[] old = [Record(0, "text"), Record(1, "error"), Record(2, "text"), Record(3, "error")];
        using (ShardFile file = ShardFile.Open(folder, Plan))
        {
            foreach (string line in old) file.Append(Encoding.UTF8.GetBytes(line), line.Contains("error", StringComparison.Ordinal));
            file.Complete();
        }

        RetriedShard.Open(folder, Plan, items: 12).Dispose();
        Assert.Equal(old, File.ReadAllLines(Final));
        using (var again = (RetriedShard)RetriedShard.Open(folder, Plan, items: 12))
        {
            Assert.Equal([Plan.IndexOf(1), Plan.IndexOf(3)], again.Failed);
            Assert.Contains(
                "in use", Assert.Throws<IOException>(() => RetriedShard.Open(folder, Plan, items: 12)).Message, StringComparison.Ordinal);
            again.Append(Encoding.UTF8.GetBytes(Record(1, "text")), isError: false);
        }

        Assert.Equal([old[0], Record(1, "text"), old[2], old[3]], File.ReadAllLines(Final));
        ShardStatus status = RunFolder.StatusOf(folder, Plan);
        Assert.Equal((ShardState.Done, 4, 1), (status.State, status.Records, status.Errors));
        RunFolder.Verify(folder, status);
        Assert.Equal([Final, ShardFile.DoneOf(Final)], Directory.GetFiles(folder).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("{\"index\":2,\"text\":\"another shard's\"}\n")]
    [InlineData("\0\0\0\0\0\0\n")]
    [InlineData("{\"index\":1,\"text\":\"torn\n")]
    public void WhatIsNoRecordOfTheShardIsCutOff(string damage)
    {
        File.WriteAllText(Partial, Line(0) + "\n" + damage + Line(1) + "\n");
        using ShardFile file = ShardFile.Open(folder, Plan);
        Assert.Equal(1, file.Records);
        Assert.Equal(Line(0) + "\n", ReadShared());
    }

    [Fact]
    public void CompletionRenamesAndCounts()
    {
        using (ShardFile file = ShardFile.Open(folder, Plan))
        {
            file.Append(Encoding.UTF8.GetBytes(Line(0)), false);
            file.Complete();
        }

        Assert.False(File.Exists(Partial));
        ShardStatus status = RunFolder.StatusOf(folder, Plan);
        Assert.Equal((ShardState.Done, 1, 0L), (status.State, status.Records, status.Errors));

        File.Delete(ShardFile.DoneOf(Final)); // killed just before the marker was written
        using ShardFile again = ShardFile.Open(folder, Plan);
        Assert.Equal(1, again.Records);
    }

    [Fact]
    public void TwoProcessesDoNotShareAShard()
    {
        using ShardFile first = ShardFile.Open(folder, Plan);
        Assert.Contains("in use", Assert.Throws<IOException>(() => ShardFile.Open(folder, Plan)).Message, StringComparison.Ordinal);
    }

    private string ReadShared()
    {
        using FileStream stream = new(Partial, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
