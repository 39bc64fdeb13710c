using VlmSharp.Cli.Output;

namespace VlmSharp.Hub.Tests.Processes;

/// <summary>What is shown while a model is downloaded.</summary>
public sealed class PullProgressTests
{
    private static HubProgress At(HubActivity activity, long bytes, long received) =>
        new(activity, "model.safetensors", bytes, 5_000_000_000, bytes + 10_000_000, 5_010_000_000, received);

    [Fact]
    public void A_line_has_file_total_speed_and_remaining_time() => Assert.Equal(
        "model.safetensors 3.00 GB of 5.00 GB | all 3.01 GB of 5.01 GB, 50.0 MB/s, 40 s left",
        // 2 GB were there before, so they do not count for the speed
        PullProgress.Line(At(HubActivity.Downloading, 3_000_000_000, 1_000_000_000), TimeSpan.FromSeconds(20)));

    [Fact]
    public void Before_the_first_bytes_there_is_no_speed() => Assert.Equal(
        "model.safetensors 2.00 GB of 5.00 GB | all 2.01 GB of 5.01 GB",
        PullProgress.Line(At(HubActivity.Downloading, 2_000_000_000, 0), TimeSpan.Zero));

    [Fact]
    public void Each_finished_file_and_each_wait_has_its_own_line()
    {
        using var output = new StringWriter { NewLine = "\n" };
        var progress = new PullProgress(output, null);
        // prints a line every ten seconds, the first one after ten seconds
        progress.Report(new HubProgress(HubActivity.Listing, "", 0, 0, 0, 0, 0));
        progress.Report(At(HubActivity.Waiting, 0, 0));
        progress.Report(At(HubActivity.FileDone, 5_000_000_000, 5_000_000_000));
        Assert.Equal(
            "model.safetensors: another process fetches it; waiting for that one\nmodel.safetensors  5.00 GB\n", output.ToString());
    }

    [Fact]
    public void On_a_terminal_the_line_is_overwritten()
    {
        using var output = new StringWriter { NewLine = "\n" };
        var progress = new PullProgress(output, 60);
        progress.Report(At(HubActivity.Checking, 0, 0));
        Assert.Equal("\rmodel.safetensors 0 bytes of 5.00 GB: reading what is there\u001b[K", output.ToString());
        progress.Clear();
        Assert.EndsWith("\r\u001b[K", output.ToString(), StringComparison.Ordinal);
    }
}
