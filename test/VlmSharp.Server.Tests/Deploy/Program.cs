using System.Text.Json.Nodes;
using VlmSharp.Conformance;

namespace VlmSharp.Server.Tests.Deploy;

/// <summary>Runs the vlmsharp program, of the same build configuration as these tests.</summary>
internal static class Program
{
    /// <summary>The output of <c>serve --print-config</c>: every option with its value.</summary>
    public static async Task<JsonObject> ConfigAsync(string[] arguments, IReadOnlyDictionary<string, string> environment)
    {
        (int code, string output, string errors) =
            await Tool.RunAsync("dotnet", [Tool.Vlmsharp, "serve", .. arguments, "--print-config"], environment: environment);
        Assert.True(code == 0, $"{string.Join(' ', arguments)}: {errors}");
        return JsonNode.Parse(output)!.AsObject();
    }

    /// <summary>The output of <c>serve --help</c>.</summary>
    public static async Task<string> HelpAsync() => (await Tool.RunAsync("dotnet", [Tool.Vlmsharp, "serve", "--help"])).Output;
}
