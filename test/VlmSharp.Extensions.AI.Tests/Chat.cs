using Microsoft.Extensions.AI;
using VlmSharp.Conformance;

namespace VlmSharp.Extensions.AI.Tests;

/// <summary>Messages about the demo's samples.</summary>
internal static class Chat
{
    public static DataContent Picture(string name) =>
        new(File.ReadAllBytes(Path.Combine(GoldenFiles.Root, "demo", "samples", name)), "image/png") { Name = name };

    public static ChatMessage User(params AIContent[] contents) => new(ChatRole.User, [.. contents]);

    public static ChatMessage Ask(string picture, string prompt) => User(Picture(picture), new TextContent(prompt));
}
