using VlmSharp.Generation;
using VlmSharp.Imaging;
using VlmSharp.Server.Scheduling;
using VlmSharp.Tasks;

namespace VlmSharp.Server.Protocol;

/// <summary>Boxes and masks of an answer to a prompt that was not made by a task.</summary>
internal static class Detections
{
    /// <summary>The task that a prompt is, where it begins as one that answers with boxes; else null.</summary>
    /// <param name="prompt">The prompt, word for word.</param>
    public static VisionTask? TaskOf(string prompt)
    {
        string words = prompt.TrimStart();
        // Which things are named plays no part in the reading of an answer.
        if (words.StartsWith("detect ", StringComparison.Ordinal)) return VisionTask.Detect("anything");
        return words.StartsWith("segment ", StringComparison.Ordinal) ? VisionTask.Segment("anything") : null;
    }

    /// <summary>New tokens that the answer to a prompt may need.</summary>
    public static int MaxNewTokens(string prompt) => (TaskOf(prompt) ?? VisionTask.Caption()).MaxNewTokens;

    /// <summary>The request of a prompt, word for word; where it asks for boxes, with what their scores are made of.</summary>
    public static GenerationRequest Asking(ServedModel served, string prompt, IReadOnlyList<RgbImage> pictures)
    {
        var request = new GenerationRequest { Images = pictures, Prompt = prompt };
        return TaskOf(prompt) is null ? request : served.Tasks.ForBoxes(request);
    }

    /// <summary>Reads an answer; null where the prompt asks for no boxes.</summary>
    public static TaskResult? Read(ServedModel served, string prompt, GenerationResult result, SeenPicture picture) =>
        TaskOf(prompt) is { } task ? served.Tasks.Read(task, result, picture.Width, picture.Height) : null;
}
