using VlmSharp.Cli.Diagnosis;
using VlmSharp.Conformance;

namespace VlmSharp.Hub.Tests.Processes;

/// <summary>What the doctor reports about machines on which these tests do not run.</summary>
public sealed class DoctorChecksTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    private void Put(string path, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(folder.At(path))!);
        File.WriteAllText(folder.At(path), text);
    }

    private MachineMemory Machine(long total, long available)
    {
        Put("proc/meminfo", $"MemTotal:       {total >> 10} kB\nMemFree:          1 kB\nMemAvailable:    {available >> 10} kB\n");
        return new MachineMemory(folder.Path);
    }

    [Fact]
    public void The_least_limit_on_the_way_to_the_root_counts()
    {
        MachineMemory memory = Machine(64L << 30, 60L << 30);
        Assert.Null(memory.Limit);
        Put("proc/self/cgroup", "0::/user.slice/job\n");
        Put("sys/fs/cgroup/user.slice/job/memory.max", "max\n");
        Assert.Null(memory.Limit);
        Put("sys/fs/cgroup/user.slice/memory.max", $"{8L << 30}\n");
        Assert.Equal(8L << 30, memory.Limit);
        Put("sys/fs/cgroup/user.slice/job/memory.max", $"{2L << 30}\n");
        Assert.Equal(2L << 30, memory.Limit);
    }

    [Fact]
    public void Control_groups_of_version_1_count_too_and_no_limit_is_a_huge_number()
    {
        MachineMemory memory = Machine(64L << 30, 60L << 30);
        Put("proc/self/cgroup", "12:cpu,cpuacct:/x\n4:memory:/docker/abc\n");
        Put("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n"); // a container sees its own group as the root
        Assert.Null(memory.Limit);
        Put("sys/fs/cgroup/memory/memory.limit_in_bytes", $"{4L << 30}\n");
        Assert.Equal(4L << 30, memory.Limit);
    }

    [Fact]
    public void Memory_is_good_if_a_3B_model_fits()
    {
        Assert.Equal(Level.Good, MachineChecks.Memory(Machine(64L << 30, 60L << 30)).Level);
        Assert.Contains("--quantize", MachineChecks.Memory(Machine(8L << 30, 4L << 30)).Advice, StringComparison.Ordinal);
        Assert.Contains(
            "too little for a 3B model in 4 bits", MachineChecks.Memory(Machine(2L << 30, 1L << 30)).Advice, StringComparison.Ordinal);
        Put("proc/self/cgroup", "0::/\n");
        Put("sys/fs/cgroup/memory.max", $"{4L << 30}\n");
        Finding limited = MachineChecks.Memory(Machine(64L << 30, 60L << 30));
        Assert.Equal((Level.Warning, "68.72 GB, 64.42 GB free, limited to 4.29 GB by the control group"), (limited.Level, limited.Text));
    }

    [Theory, InlineData(100_000_000_000, "Good"), InlineData(2_000_000_000, "Warning"), InlineData(1_000_000, "Problem")]
    public void A_full_disk_is_a_problem_and_a_small_one_a_warning(long free, string level) =>
        Assert.Equal(level, $"{FolderChecks.Disk("/x", free).Level}");

    [Fact]
    public void A_folder_is_writable_if_a_file_can_be_created()
    {
        Assert.True(FolderChecks.IsWritable(folder.Path));
        Assert.Empty(Directory.EnumerateFiles(folder.Path));
        Assert.False(FolderChecks.IsWritable(folder.At("nowhere")));
        Assert.False(FolderChecks.IsWritable(folder.Write("file", [])));
    }
}
