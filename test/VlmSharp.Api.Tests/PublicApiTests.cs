using System.Reflection;
using VlmSharp.Conformance;

namespace VlmSharp.Api.Tests;

/// <summary>
/// The public surface of every library equals its listing in <c>PublicApi</c>, so that it changes only on purpose and a review sees how.
/// </summary>
public sealed class PublicApiTests
{
    /// <summary>If this variable is 1, the tests write the surface that they find and pass.</summary>
    private const string Accept = "VLMSHARP_ACCEPT_API";

    public static TheoryData<string> Libraries => [
        "VlmSharp.Imaging", "VlmSharp.Core", "VlmSharp.Explain", "VlmSharp.Cpu", "VlmSharp.Gpu", "VlmSharp.Training",
        "VlmSharp.Evaluation", "VlmSharp.Hub", "VlmSharp.Server", "VlmSharp.Extensions.AI"
    ];

    [Theory, MemberData(nameof(Libraries))]
    public void The_surface_equals_its_listing(string library)
    {
        string path = Path.Combine(GoldenFiles.Root, "test", "VlmSharp.Api.Tests", "PublicApi", library + ".txt");
        string found = ApiListing.Of(Assembly.Load(library));
        if (Environment.GetEnvironmentVariable(Accept) == "1") File.WriteAllText(path, found);
        string expected = File.Exists(path) ? File.ReadAllText(path).ReplaceLineEndings("\n") : "";
        if (found == expected) return;
        Assert.Fail($"""
            The public surface of {library} has changed:

            {string.Join('\n', LineDifference.Of(expected, found))}

            Not on purpose: make it internal again. On purpose: accept it with

                {Accept}=1 dotnet test test/VlmSharp.Api.Tests -c Release

            and commit {Path.GetRelativePath(GoldenFiles.Root, path)} with a line in CHANGELOG.md.
            """);
    }
}
