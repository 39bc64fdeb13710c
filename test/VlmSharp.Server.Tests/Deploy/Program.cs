using System.Text.Json.Nodes;
using VlmSharp.Conformance;

namespace VlmSharp.Server.Tests.Deploy;

/// <summary>The vlmsharp program, of the same configuration as these tests.</summary>
internal static class Program
{
    /// <summary>What <c>serve --print-config</c> says: every option with its value.</summary>
    public static async Task<JsonObject> ConfigAsync(string[] arguments, IReadOnlyDictionary<string, string> environment)
    {
        (int code, string output, string errors) = await Tool.RunAsync("dotnet", [Tool.Vlmsharp, "serve", .. arguments, "--print-config"], environment: environment);
        Assert.True(code == 0, $"{string.Join(' ', arguments)}: {errors}");
        return JsonNode.Parse(output)!.AsObject();
    }

    /// <summary>What <c>serve --help</c> says.</summary>
    public static async Task<string> HelpAsync() => (await Tool.RunAsync("dotnet", [Tool.Vlmsharp, "serve", "--help"])).Output;
}
