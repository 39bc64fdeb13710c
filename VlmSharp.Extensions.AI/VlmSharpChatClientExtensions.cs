using VlmSharp.Extensions.AI;
using VlmSharp.Generation;

namespace Microsoft.Extensions.AI;

/// <summary>A model as a chat client, in one call.</summary>
public static class VlmSharpChatClientExtensions
{
    /// <summary>Makes a chat client of a model.</summary>
    /// <param name="model">The model. The caller owns it and disposes of it after the client's last answer.</param>
    /// <param name="defaults">Generation settings for what a chat's options leave open; null for greedy generation.</param>
    /// <returns>The client.</returns>
    public static IChatClient AsIChatClient(this VisionLanguageModel model, GenerationOptions? defaults = null) =>
        new VlmSharpChatClient(model, defaults);
}
