using VlmSharp.Tasks;

namespace VlmSharp.Core.Tests.Tasks;

/// <summary>Prompts are word for word those that the models were trained on.</summary>
public sealed class VisionTaskTests
{
    [Fact]
    public void Prompts_are_those_of_training()
    {
        Assert.Equal("caption en", VisionTask.Caption().Prompt);
        Assert.Equal("caption de", VisionTask.Caption("de").Prompt);
        Assert.Equal("answer en where is the cow?", VisionTask.Ask("where is the cow?").Prompt);
        Assert.Equal("answer fr combien ?", VisionTask.Ask("combien ?", "fr").Prompt);
        Assert.Equal("detect cat", VisionTask.Detect("cat").Prompt);
        Assert.Equal("detect cat ; dog", VisionTask.Detect("cat", "dog").Prompt);
        Assert.Equal("segment the red car ; dog ; tree", VisionTask.Segment(" the  red\tcar;dog ;; tree ", "dog").Prompt);
        Assert.Equal(["the red car", "dog", "tree"], VisionTask.Segment(" the  red\tcar;dog ;; tree ", "dog").Things);
        Assert.Equal(
            ["caption", "ask", "detect", "segment"],
            new[] { VisionTask.Caption(), VisionTask.Ask(""), VisionTask.Detect("a"), VisionTask.Segment("a") }.Select(t => t.Name));
    }

    [Fact]
    public void Impossible_tasks_are_refused()
    {
        Assert.Contains(
            "nothing to look for", Assert.Throws<RequestException>(() => VisionTask.Detect(" ; ")).Message, StringComparison.Ordinal);
        Assert.Contains(
            "nothing to look for", Assert.Throws<RequestException>(() => VisionTask.Segment()).Message, StringComparison.Ordinal);
        Assert.Contains(
            "'<loc0000>'", Assert.Throws<RequestException>(() => VisionTask.Detect("<loc0000>")).Message, StringComparison.Ordinal);
        Assert.Contains("language", Assert.Throws<RequestException>(() => VisionTask.Caption(" ")).Message, StringComparison.Ordinal);
    }
}
