using VlmSharp.Extensions.AI;
using VlmSharp.Generation;

namespace Microsoft.Extensions.AI;

/// <summary>A model as a chat client, in one call.</summary>
public static class VlmSharpChatClientExtensions
{
    /// <summary>Makes a chat client of a model.</summary>
    /// <param name="model">The model; owned by the caller, to be disposed of after the client's last answer.</param>
    /// <param name="defaults">How to generate where a chat's options do not say; null for greedily.</param>
    /// <returns>The client.</returns>
    public static IChatClient AsIChatClient(this VisionLanguageModel model, GenerationOptions? defaults = null) => new VlmSharpChatClient(model, defaults);
}
