using System.Text;
using VlmSharp.Conformance;
using VlmSharp.Preprocessing;

namespace VlmSharp.Core.Tests.Preprocessing;

public class PreprocessorConfigTests
{
    [Theory]
    [InlineData("pg1")]
    [InlineData("pg1odd")]
    [InlineData("pg2")]
    public void ReadsTheGoldenModelsFiles(string model)
    {
        string path = GoldenFiles.PathOf("models", model, "preprocessor_config.json");
        var config = PreprocessorConfig.FromJson(File.ReadAllBytes(path), path);
        Assert.True(config.Size > 0);
        Assert.Equal(0.00392156862745098, config.RescaleFactor);
        Assert.Equal([0.5f, 0.5f, 0.5f], config.Mean);
        Assert.Equal([0.5f, 0.5f, 0.5f], config.Std);
    }

    [Fact]
    public void TheProcessorsFileCountsWhereItHasAnImageProcessor()
    {
        using var folder = new TemporaryFolder();
        void Write(string name, string text) => File.WriteAllText(folder.At(name), text);
        Assert.Equal(new PreprocessorConfig().Mean, PreprocessorConfig.ReadFolder(folder.Path, 224).Mean); // neither file exists
        Write("preprocessor_config.json", "{\"image_mean\": [0.1, 0.2, 0.3]}");
        // as transformers 4 writes it
        Write("processor_config.json", "{\"processor_class\": \"PaliGemmaProcessor\", \"image_seq_length\": 256}");
        Assert.Equal([0.1f, 0.2f, 0.3f], PreprocessorConfig.ReadFolder(folder.Path, 224).Mean);
        // as transformers 5 writes it
        Write(
            "processor_config.json",
            "{\"image_processor\": {\"image_mean\": [0.4, 0.5, 0.6], \"image_std\": [0.1, 0.1, 0.1], \"size\": {\"height\": 448, "
                + "\"width\": 448}}}");
        PreprocessorConfig nested = PreprocessorConfig.ReadFolder(folder.Path, 448);
        Assert.Equal([0.4f, 0.5f, 0.6f], nested.Mean);
        Assert.Equal([0.1f, 0.1f, 0.1f], nested.Std);
    }

    [Theory]
    [InlineData("{\"image_processor\": {\"do_resize\": false}}", "'image_processor.do_resize' to false")]
    [InlineData("{\"image_processor\": {\"resample\": 2}}", "'image_processor.resample' to 2")]
    [InlineData("{\"image_processor\": {\"size\": {\"height\": 224, \"width\": 224}}}", "resized to 224 pixels")]
    [InlineData("{\"image_processor\": 7}", "'image_processor'")]
    public void TheProcessorsFileHasTheSameRules(string json, string message)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.At("processor_config.json"), json);
        ModelFormatException e = Assert.Throws<ModelFormatException>(() => PreprocessorConfig.ReadFolder(folder.Path, 448));
        Assert.Contains(message, e.Message, StringComparison.Ordinal);
        Assert.Contains("processor_config.json", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void WhatIsLeftOutHasTheDefaults()
    {
        PreprocessorConfig config = Read("{\"size\": {\"height\": 448, \"width\": 448}, \"do_convert_rgb\": null, \"unknown\": 7}");
        Assert.Equal(448, config.Size);
        Assert.Equal(1.0 / 255, config.RescaleFactor);
        Assert.Equal(224, Read("{}").Size);
        Assert.Equal(70, Read("{\"size\": 70}").Size);
    }

    [Theory]
    [InlineData("{\"resample\": 2}", "'resample' to 2")]
    [InlineData("{\"resample\": \"bicubic\"}", "a text in 'resample'")]
    [InlineData("{\"do_resize\": false}", "'do_resize' to false")]
    [InlineData("{\"do_rescale\": false}", "'do_rescale' to false")]
    [InlineData("{\"do_normalize\": false}", "'do_normalize' to false")]
    [InlineData("{\"do_center_crop\": true}", "'do_center_crop' to true")]
    [InlineData("{\"do_pan_and_scan\": true}", "'do_pan_and_scan' to true")]
    [InlineData("{\"size\": {\"height\": 448, \"width\": 224}}", "a square")]
    [InlineData("{\"size\": {\"shortest_edge\": 448}}", "a height and a width")]
    [InlineData("{\"size\": 0}", "between 1 and 4096")]
    [InlineData("{\"size\": 1e9}", "between 1 and 4096")]
    [InlineData("{\"image_mean\": [0.5, 0.5]}", "2 numbers in 'image_mean', which takes 3")]
    [InlineData("{\"image_mean\": [0.5, 0.5, \"x\"]}", "a list of numbers")]
    [InlineData("{\"image_std\": [0.5, 0.5, 0]}", "other than 0")]
    [InlineData("{\"rescale_factor\": \"1/255\"}", "rescale_factor")]
    [InlineData("[]", "a JSON object")]
    [InlineData("{\"size\":", "not well-formed JSON")]
    [InlineData("", "not well-formed JSON")]
    [InlineData("{\"size\": 224, \"size\": 448}", "not well-formed JSON")]
    [InlineData("{\"image_mean\": [1e39, 0, 0]}", "1e39 in 'image_mean'")]
    [InlineData("{\"rescale_factor\": 0}", "above 0")]
    public void RefusesWhatItCannotDo(string json, string part)
    {
        var error = Assert.Throws<ModelFormatException>(() => Read(json));
        Assert.StartsWith("model/preprocessor_config.json", error.Message, StringComparison.Ordinal);
        Assert.Contains(part, error.Message, StringComparison.Ordinal);
    }

    private static PreprocessorConfig Read(string json) =>
        PreprocessorConfig.FromJson(Encoding.UTF8.GetBytes(json), "model/preprocessor_config.json");
}
