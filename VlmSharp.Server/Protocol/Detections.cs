using VlmSharp.Generation;
using VlmSharp.Imaging;
using VlmSharp.Server.Scheduling;
using VlmSharp.Tasks;

namespace VlmSharp.Server.Protocol;

/// <summary>Boxes and masks of an answer to a prompt that was not made by a task.</summary>
internal static class Detections
{
    /// <summary>The task of a prompt if it begins like one that answers with boxes; otherwise null.</summary>
    /// <param name="prompt">The prompt, word for word.</param>
    public static VisionTask? TaskOf(string prompt)
    {
        string words = prompt.TrimStart();
        // The names of the objects do not matter when an answer is read.
        if (words.StartsWith("detect ", StringComparison.Ordinal)) return VisionTask.Detect("anything");
        return words.StartsWith("segment ", StringComparison.Ordinal) ? VisionTask.Segment("anything") : null;
    }

    /// <summary>New tokens that the answer to a prompt may need.</summary>
    public static int MaxNewTokens(string prompt) => (TaskOf(prompt) ?? VisionTask.Caption()).MaxNewTokens;

    /// <summary>The request for an exact prompt; if it asks for boxes, with the data for their scores.</summary>
    public static GenerationRequest Asking(ServedModel served, string prompt, IReadOnlyList<RgbImage> pictures)
    {
        var request = new GenerationRequest { Images = pictures, Prompt = prompt };
        return TaskOf(prompt) is null ? request : served.Tasks.ForBoxes(request);
    }

    /// <summary>Reads an answer; null where the prompt asks for no boxes.</summary>
    public static TaskResult? Read(ServedModel served, string prompt, GenerationResult result, SeenPicture picture) =>
        TaskOf(prompt) is { } task ? served.Tasks.Read(task, result, picture.Width, picture.Height) : null;
}
